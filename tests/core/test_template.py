"""Facts about templates: that taking a chunk for a repetition of an earlier one never changes what is said of it.

The reference is the same stream with a counter in each chunk, as wide as the constant that the stream itself has in
its place: no chunk of it repeats another, so each is parsed and judged for itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deltaproof.exchange import Exchange
from deltaproof.stream import Repeats, Transcript
from deltaproof.verdict import Judgement

from .wire import choice, event, finished, judged, more, opening, says, subjects

Make = Callable[[list[str]], dict[str, object]]


def _delta(**delta: object) -> dict[str, object]:
    return {"choices": [choice(delta)]}


def _calls(*entries: object) -> dict[str, object]:
    return _delta(tool_calls=list(entries))


KINDS: dict[str, tuple[int, Make]] = {
    "content": (1, lambda texts: _delta(content=texts[0])),
    "content, obfuscated": (2, lambda texts: _delta(content=texts[0]) | {"obfuscation": texts[1]}),
    "content beside the same words": (1, lambda texts: _delta(content=texts[0]) | {"content": "content", "x": "seq"}),
    "reasoning beside empty content": (1, lambda texts: _delta(content="", reasoning_content=texts[0])),
    "reasoning under both names": (2, lambda texts: _delta(reasoning=texts[0], reasoning_content=texts[1])),
    "content and reasoning": (2, lambda texts: _delta(content=texts[0], reasoning=texts[1])),
    "refusal": (2, lambda texts: _delta(content=texts[1], refusal=texts[0])),
    "arguments": (1, lambda texts: _calls(more(texts[0]))),
    "arguments with a role": (1, lambda texts: _delta(role="assistant", tool_calls=[more(texts[0])])),
    "arguments, id repeated as null": (1, lambda texts: _calls(more(texts[0], id=None, type="function"))),
    "arguments with the name": (
        1,
        lambda texts: _calls({"index": 0, "function": {"name": "f", "arguments": texts[0]}}),
    ),
    "arguments without an index": (1, lambda texts: _calls({"function": {"arguments": texts[0]}})),
    "arguments twice": (2, lambda texts: _calls(more(texts[0]), more(texts[1]))),
    "arguments of two calls": (2, lambda texts: _calls(more(texts[0]), more(texts[1], 1))),
    "content and arguments": (2, lambda texts: _delta(content=texts[0], tool_calls=[more(texts[1], 1)])),
    "custom": (1, lambda texts: _calls({"index": 2, "type": "custom", "custom": {"name": "", "input": texts[0]}})),
    "legacy": (1, lambda texts: _delta(function_call={"arguments": texts[0]})),
    "two choices": (
        2,
        lambda texts: {"choices": [choice({"content": texts[0]}), choice({"content": texts[1]}, index=1)]},
    ),
    "the same choice twice": (
        2,
        lambda texts: {"choices": [choice({"content": texts[0]}), choice({"content": texts[1]})]},
    ),
    "finish in every chunk": (1, lambda texts: {"choices": [choice({"content": texts[0]}, "stop")]}),
    "usage in every chunk": (1, lambda texts: _delta(content=texts[0]) | {"usage": {"total_tokens": 1}}),
    "message": (1, lambda texts: {"choices": [{"index": 0, "message": {"content": texts[0]}}]}),
    "vendor fields": (1, lambda texts: _delta(content=texts[0], x=5, y=[{"a": 1}])),
    "text in parts": (1, lambda texts: _delta(content=[{"type": "text", "text": texts[0]}])),
}

_WORDS = ["", " ", "a", "content", "index", "seq", "000000", "assistant", "f", "…", "stop", "\x01hole", '","content":"']
_TRICKS = [
    '"',
    "\\",
    '\\"',
    '","',
    "}]}",
    '{"',
    "\n",
    "\x00",
    "\x7f",
    "\u2028",
    "\ufffd",
    "😀",
    "\ud83d",
    "\ude00",
    "/",
]
_TEXTS = st.text(max_size=6) | st.sampled_from([*_WORDS, *_TRICKS]) | st.lists(st.sampled_from(_TRICKS)).map("".join)


def stream_of(values: Iterable[dict[str, object]], dumps: Callable[[object], str], sequence: Iterator[str]) -> bytes:
    """Return a stream of chunks, each with the next of a sequence at its front."""
    opened = [_calls(opening(0), opening(1, "g"), {"index": 2, "type": "custom", "custom": {"name": "c", "input": ""}})]
    chunks = [*opened, *values, finished()]
    return b"".join(event(dumps({"seq": next(sequence), "id": "c-1", **one}).encode()) for one in chunks)


def constant() -> Iterator[str]:
    """Yield the same word again and again."""
    while True:
        yield "000000"


def counter() -> Iterator[str]:
    """Yield words of the same width that are never the same."""
    return (f"{number:06d}" for number in range(10**6))


def apart_from_excerpts(judgement: Judgement) -> tuple[object, ...]:
    """Return all that is known of a stream but the words quoted from it, among which the sequence is."""
    findings = [replace(finding, text="") for finding in judgement.findings]
    return judgement.verdicts, findings, judgement.message, judgement.transcript


def styles(*, ascii_only: bool, spaced: bool) -> Callable[[object], str]:
    """Return a way of writing JSON."""
    separators = (", ", ": ") if spaced else (",", ":")
    return lambda value: (
        json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "replace").decode()
    )


@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3, unique=True),
    texts=st.lists(_TEXTS, min_size=2, max_size=40),
    order=st.lists(st.integers(0, 2), min_size=1, max_size=12),
    ascii_only=st.booleans(),
    spaced=st.booleans(),
)
@example(
    kinds=["arguments twice"],
    texts=["a", "b", "c", "d", "e", "f", "g", "h", "i"],
    order=[0],
    ascii_only=True,
    spaced=False,
)
@example(kinds=["content"], texts=["a", "\ufffd", "b", "c"], order=[0], ascii_only=False, spaced=False)
@example(kinds=["refusal"], texts=["", "", "a", "b", "c", "d", "e", "f"], order=[0], ascii_only=True, spaced=True)
def test_templates_change_nothing(
    *, kinds: list[str], texts: list[str], order: list[int], ascii_only: bool, spaced: bool
) -> None:
    """Chunks of one to three shapes in turns, with any words in them: verdicts, findings, message and transcript."""
    values: list[dict[str, object]] = []
    left = [*texts]
    while left:
        holes, make = KINDS[kinds[order[len(values) % len(order)] % len(kinds)]]
        values.append(make([*left[:holes], "end", "end"]))
        del left[:holes]
    dumps = styles(ascii_only=ascii_only, spaced=spaced)
    exchange = Exchange(source="-", body=b"", request={"stream": True, "tools": [], "logprobs": False})
    repeating, reference = (stream_of(values, dumps, sequence) for sequence in (constant(), counter()))
    assert len(repeating) == len(reference)
    assert apart_from_excerpts(judged([repeating], exchange)) == apart_from_excerpts(judged([reference], exchange))


_LEARNT = sorted(set(KINDS) - {"arguments with the name", "arguments twice", "the same choice twice", "text in parts"})
_LEARNT = [name for name in _LEARNT if "every chunk" not in name and "same words" not in name]


@pytest.mark.parametrize("name", _LEARNT)
def test_like_chunks_are_taken_for_repetitions(name: str) -> None:
    """Of a hundred chunks of one shape all but the first few are repetitions; with a counter in them none is."""
    holes, make = KINDS[name]
    values = [make([f"w{number}{hole}" for hole in range(holes)]) for number in range(100)]
    dumps = styles(ascii_only=True, spaced=False)
    repeating, reference = (stream_of(values, dumps, sequence) for sequence in (constant(), counter()))
    assert sum(one.count for one in subjects(repeating) if isinstance(one, Repeats)) >= 95
    assert not [one for one in subjects(reference) if isinstance(one, Repeats)]


def test_shapes_that_take_turns_are_all_repeated() -> None:
    """Four shapes in turns, as with interleaved choices, are each known again."""
    values: list[dict[str, object]] = [
        {"choices": [choice({"content": f"w{number}"}, index=number % 4)]} for number in range(100)
    ]
    repeating = stream_of(values, styles(ascii_only=True, spaced=False), constant())
    assert sum(one.count for one in subjects(repeating) if isinstance(one, Repeats)) >= 85


def test_every_occurrence_of_a_deviation_is_counted() -> None:
    """A deviation in each of many like chunks is counted as often as it occurs, whatever comes between them."""
    between = [_delta(role="assistant", content="") for _ in range(100)]
    values = [*[_delta(role="assistant", content=f"w{n}") for n in range(50)], *between]
    values += [_delta(role="assistant", content=f"w{n}") for n in range(50)]
    dumps = styles(ascii_only=True, spaced=False)
    exchange = Exchange(source="-", body=b"")
    repeating, reference = (
        judged([stream_of(values, dumps, sequence)], exchange) for sequence in (constant(), counter())
    )
    assert apart_from_excerpts(repeating) == apart_from_excerpts(reference)
    assert {finding.count for finding in repeating.findings if finding.rule == "delta-role-not-repeated"} == {199}


def test_a_template_does_not_outlive_what_it_was_learnt_in() -> None:
    """After a new role, finish, call, error or [DONE], like chunks are looked at anew."""
    words = [_delta(content=f"w{number}") for number in range(5)]
    changes: list[dict[str, object]] = [
        _delta(role="assistant"),
        _delta(refusal="no"),
        _calls(opening(3)),
        {"choices": [choice({}, "stop")]},
        {"choices": [choice({}, index=1)]},
        {"error": {"message": "x"}},
        {"usage": {"total_tokens": 1}, "choices": []},
        _delta(extra=1),
    ]
    for change in changes:
        stream = stream_of([*words, change, *words], styles(ascii_only=True, spaced=False), constant())
        said = [one for one in subjects(stream) if isinstance(one, Repeats)]
        transcript = subjects(stream)[-1]
        assert isinstance(transcript, Transcript)
        assert str(transcript.choices[0].content) == "w0w1w2w3w4" * 2
        number_of_change = len(words) + 2
        assert all(one.event < number_of_change or one.event > number_of_change for one in said)
        assert {one.event for one in said if one.last > number_of_change} != {
            one.event for one in said if one.last < number_of_change
        }


@pytest.mark.parametrize("odd", [b"a\x00b", b"\x00", b"a\nb", b'a"b', rb"a\"b", rb"a\u0000b", b"\xff", b"\x7f", b""])
def test_many_fragments_at_once_mean_what_they_mean_one_by_one(odd: bytes) -> None:
    """One of them is odd, and no JSON text perhaps: the others are taken together, with it and without it."""
    raw = event(says(content="@")).replace(b"@", b"%s")
    parts = [raw % text for text in (b"one", b"two", b"three", b"four", odd, b"five", b"six")] + [event(finished())]
    exchange = Exchange("-", b"")
    assert judged([b"".join(parts)], exchange) == judged(parts, exchange)
