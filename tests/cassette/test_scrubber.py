"""Facts about taking secrets out of bytes that pass: however they are split, none is let go, and all else is at once."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.cassette.scrubber import Scrubber, masked
from deltaproof.cassette.sought import sought

SOUGHT = sought(Scrub()).and_literals(["hush-literal-1", "ab+/cd==efgh"])
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4"
SECRETS = [
    "sk-abcdefghijklmnop",
    "sk-proj-AbCd_0123-efghijkl",
    "hf_abcdefghijklmnopqrst",
    "gsk_abcdefghijklmnopqrst",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrst",
    JWT,
    "Bearer abcdefghij.klmnopqrst~",
    "hush-literal-1",
    "ab+/cd==efgh",
]
"""What shows by itself, or is known; none has a part of another."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"key":"sk-abcdefghijklmnop","n":1}', '{"key":"*******************","n":1}'),
        (f'{{"content":"say {JWT}."}}', f'{{"content":"say {"*" * len(JWT)}."}}'),
        ("a line\\nsk-abcdefghijklmnop", "a line\\n*******************"),
        ("?q=%20sk-abcdefghijklmnop&", "?q=%20*******************&"),
        ('{"password" :  "a\\"b\\\\","max_tokens":5}', '{"password" :  "******","max_tokens":5}'),
        ('{"apiKey":"x","API-KEY":"y","client_secret":""}', '{"apiKey":"*","API-KEY":"*","client_secret":""}'),
        (
            '{"arguments":"{\\"password\\": \\"h\\\\\\"i\\", \\"q\\":1}"}',
            '{"arguments":"{\\"password\\": \\"******\\", \\"q\\":1}"}',
        ),
        ('{"arguments":"{\\"password\\": \\"hunt"}', '{"arguments":"{\\"password\\": \\"****"}'),
        ("ends with hush-litera", "ends with ***********"),
        ("ends with hush-l", "ends with hush-l"),
    ],
)
def test_a_secret_becomes_as_many_asterisks(text: str, expected: str) -> None:
    """In keys that show by themselves, in secret fields however deep, and in what is known, cut off or not."""
    assert masked(text.encode(), SOUGHT).decode() == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"logprobs":{"content":[{"token":"Hello","logprob":-0.1}]}}',
        '{"max_tokens":100,"usage":{"prompt_tokens":3}}',
        "task-abcdefghijklmnopqrst, a disk-abcdefghijklmnopqrstuv",
        "eyJsb2NhdGlvbiI6IlBhcmlzIn0=",
        '{"properties":{"password":{"type":"string"}},"required":["password"]}',
        "hf_transformers_inference_endpoint_name",
        "call_AbCdEfGhIjKlMnOpQrStUvWx chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012",
        '{"password":null,"api_key":12}',
        "sk-no-key",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """What a model says and a server counts is evidence."""
    assert masked(text.encode(), SOUGHT).decode() == text


@given(
    parts=st.lists(
        st.sampled_from([*SECRETS, '{"content":"', '"}', "\n\n", "data: ", " ", "\\n", "ü", "sk-", "ey", "hush-"])
        | st.text(max_size=8),
        max_size=12,
    ),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_no_secret_is_let_go_however_it_is_split(parts: list[str], cuts: list[int]) -> None:
    """Whole or in any pieces, as many bytes come out as went in, and none of the secrets that stand apart is in them."""
    text = " ".join(parts).encode(errors="replace")
    scrubber = Scrubber(SOUGHT)
    stops = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    out, start = b"", 0
    for stop in stops:
        out += scrubber.feed(text[start:stop])
        assert len(out) + scrubber.held == stop
        start = stop
    out += scrubber.close()
    for written in (out, masked(text, SOUGHT)):
        assert len(written) == len(text)
        assert not any(secret.encode() in written for secret in SECRETS)
        assert all(after in (before, ord("*")) for before, after in zip(text, written, strict=True))


@given(
    before=st.sampled_from(["", '{"a":1,', 'data: {"x":"\\n', "ü"]),
    value=st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs", "Cc"]), max_size=12),
    quote=st.sampled_from(['"', '\\"']),
    cut=st.integers(0, 80),
)
def test_the_value_of_a_secret_field_is_masked_wherever_it_is_split(
    before: str, value: str, quote: str, cut: int
) -> None:
    """Between the name and the value too, and within a text within JSON."""
    head, tail = f"{before}{quote}client_secret{quote}: {quote}", f'{quote},{quote}b{quote}:1}}"'
    text = (head + value + tail).encode()
    scrubber = Scrubber(SOUGHT)
    out = scrubber.feed(text[:cut]) + scrubber.feed(text[cut:]) + scrubber.close()
    assert out == head.encode() + b"*" * len(value.encode()) + tail.encode()


@pytest.mark.parametrize(
    ("tail", "held"),
    [
        (b'data: {"a":1}\n\n', 0),
        (b'data: {"content":"Hello', 0),
        (b"data: [DONE]", 0),
        (b'"the key is sk', 2),
        (b'"the key is sk-abc', 6),
        (b'"hush-lit', 8),
        (b'"Bear', 4),
        (b'"eyJhbGci', 8),
    ],
)
def test_only_a_tail_that_may_begin_a_secret_is_held_back(tail: bytes, held: int) -> None:
    """What a killed recorder would lose is that, and nothing of an ordinary stream."""
    scrubber = Scrubber(SOUGHT)
    assert scrubber.feed(tail) == tail[: len(tail) - held]
    assert scrubber.held == held


def test_a_pattern_of_a_project_is_found_within_a_line() -> None:
    """It may be any regular expression, so that a line is let go when it is complete."""
    scrubber = Scrubber(sought(Scrub(patterns=("corp-[0-9]{4}", "(?i)(x)y\\1"))))
    assert scrubber.feed(b"data: corp-12") == b""
    assert scrubber.feed(b"34 XyX\ndata: corp-1") == b"data: ********* ***\n"
    assert (scrubber.held, scrubber.close()) == (12, b"data: corp-1")


@pytest.mark.parametrize(
    "text",
    [
        b"\\",
        b'"',
        b"-eyJ",
        b"sk-",
        b'"aa\\',
        b'"password":"',
        b'\\"password\\":\\"',
        b"eyJaaaaaaaa.aaaa",
        b"hush-literal-",
        b"A",
        b"x ",
    ],
    ids=repr,
)
def test_no_text_takes_long(text: bytes) -> None:
    """Twice as much of what is hard takes about twice as long, never four times."""
    times = []
    for size in (200_000, 400_000):
        started = time.process_time()
        masked(text * (size // len(text)), SOUGHT)
        times.append(time.process_time() - started)
    assert times[1] < max(0.2, 3.2 * times[0])


def test_the_secrets_of_this_file_are_secrets_each_by_itself() -> None:
    """Otherwise the properties above would prove nothing."""
    for secret in SECRETS:
        assert re.fullmatch(rb"\*+", masked(secret.encode(), SOUGHT)), secret
