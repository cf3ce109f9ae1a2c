"""Facts about judging while a stream arrives: what is known when, what report comes at the end, and what memory it takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from deltaproof import Checker, check
from deltaproof.errors import UnknownNameError
from deltaproof.exchange import End, Evidence
from deltaproof.fold import FoldedCall, FoldedChoice, Message

from .wire import DONE, body, calls, choice, chunk, event, finished, more, opening, read, says

START = event(says(role="assistant", content=None, tool_calls=[opening()]))
REPEATED = event(calls({"index": 0, "function": {"name": "f", "arguments": "{"}}))
SLUG = "tool-call-continuation-name"


def test_a_finding_comes_with_the_event_that_makes_it_certain() -> None:
    """A name that is repeated is told by the feed that completes its event, once, and with its place."""
    checker = Checker()
    assert [finding.rule for finding in checker.feed(START)].count(SLUG) == 0
    assert [finding.rule for finding in checker.feed(REPEATED[:-1])].count(SLUG) == 0
    (finding,) = [finding for finding in checker.feed(REPEATED[-1:]) if finding.rule == SLUG]
    assert (finding.case, finding.event, finding.offset, finding.count) == ("repeated", 2, len(START), 1)
    assert (finding.choice, finding.tool_call) == (0, 0)
    assert finding.text.removeprefix("…") in REPEATED.decode()
    assert [finding.rule for finding in checker.feed(REPEATED * 3)].count(SLUG) == 0
    (counted,) = [finding for finding in checker.close().findings if finding.rule == SLUG]
    assert (counted.event, counted.last_event, counted.count) == (2, 5, 4)


def test_every_finding_that_is_told_early_is_in_the_report() -> None:
    """What feed returned stands in the report of close too, apart from its counts."""
    checker = Checker(profile="openai-strict")
    stream = START + REPEATED * 2 + event(b"{") + body(calls(more("}", 1)), finished("stop")) + b"data: [DONE]"
    early = [finding for at in range(len(stream)) for finding in checker.feed(stream[at : at + 1])]
    keys = [(one.rule, one.case, one.choice, one.tool_call, one.event, one.offset, one.message) for one in early]
    report = checker.close()
    told = {
        (one.rule, one.case, one.choice, one.tool_call, one.event, one.offset, one.message) for one in report.findings
    }
    assert keys
    assert len(keys) == len(set(keys))
    assert set(keys) < told


def test_a_stream_that_arrives_is_judged_like_one_that_has() -> None:
    """The checker's report has the verdicts, findings and message of `check`."""
    stream = START + REPEATED + event(calls(more("}"))) + event(finished()) + DONE
    request: dict[str, object] = {
        "model": "m",
        "stream": True,
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    headers = {"content-type": "text/event-stream"}
    checker = Checker(request=request, headers=headers, profile="openai-strict")
    for at in range(0, len(stream), 5):
        checker.feed(stream[at : at + 5])
    report, whole = checker.close(), check(stream, request=request, headers=headers, profile="openai-strict")
    assert (report.verdicts, report.findings, report.message) == (whole.verdicts, whole.findings, whole.message)
    call = FoldedCall(0, "call_0", "f", "{}")
    assert report.message == Message((FoldedChoice(0, None, None, None, (call,), None, "tool_calls"),))
    (one,) = report.judged
    assert one.judgement.evidence == {Evidence.BYTES, Evidence.FIELDS, Evidence.REQUEST, Evidence.HEADERS}


@pytest.mark.parametrize("end", End)
def test_a_stream_may_end_in_any_way(end: End) -> None:
    """`close` takes each way a body can end by its name, and the transcript knows it."""
    checker = Checker()
    checker.feed(START)
    (one,) = checker.close(end.value).judged
    assert one.judgement.transcript.end is end


def test_without_a_byte_there_is_a_report() -> None:
    """A stream that never began has no message, and verdicts on all rules."""
    report = Checker().close("reset")
    assert report.message == Message(())
    assert set(report.verdicts) == set(check(b"").verdicts)


def test_an_unknown_profile_or_provider_is_the_operators_mistake() -> None:
    """Both are told when the checker is made."""
    with pytest.raises(UnknownNameError):
        Checker(profile="nonesuch")
    with pytest.raises(UnknownNameError):
        Checker(provider="nonesuch")


def share_of(parts: list[bytes], look: Callable[[list[bytes]], object]) -> float:
    """Return the most memory that looking at a stream took, as a share of its bytes."""
    tracemalloc.start()
    seen = look(parts)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen is not None
    return highest / sum(map(len, parts))


def fed(parts: list[bytes]) -> Checker:
    """Return a checker that was fed a stream and still waits for its end."""
    checker = Checker()
    for part in parts:
        checker.feed(part)
    return checker


def closed(parts: list[bytes]) -> Message:
    """Return the message of a stream."""
    return fed(parts).close().message


CALL = event(says(role="assistant", content=None, tool_calls=[opening(arguments='{"a":"')]))
WORD = calls(more(" word"))
NAMED = calls({"index": 0, "id": "call_0", "type": "function", "function": {"name": "f", "arguments": " word"}})


@pytest.mark.parametrize(
    ("raw", "size", "share"),
    [(event(WORD), 5 * 10**6, 0.3), (event({**WORD, "provider": "x" * 800}), 50 * 10**6, 0.04)],
    ids=["5 MB of 200 bytes each", "50 MB of 1 kB each"],
)
def test_like_chunks_leave_nothing_but_their_text(raw: bytes, size: int, share: float) -> None:
    """Each chunk that repeats a shape leaves its text and where it stood, less than 60 bytes, however large it was."""
    part = raw * 64
    assert share_of([CALL, *[part] * (size // len(part))], fed) < share


UNLIKE: dict[str, Callable[[int], object]] = {
    "the time in every chunk": lambda number: {**WORD, "created": 1700000000 + number},
    "the name in every fragment": lambda _: NAMED,
    "usage in every chunk": lambda number: {**WORD, "usage": {"completion_tokens": number}},
    "a finish_reason in every chunk": lambda _: chunk(choice({"content": " word"}, "stop")),
    "two fragments in every chunk": lambda _: calls(more(" word"), more(" word")),
    "a number in every entry": lambda number: calls({**more(" word"), "x": number}),
    "a vendor field of a new name": lambda number: says(content=" word", **{f"x{number}": number}),
    "logprobs": lambda number: chunk({**choice({"content": " word"}), "logprobs": {"content": [{"logprob": -number}]}}),
    "empty texts": lambda _: says(content=""),
    "no choices": lambda _: chunk(),
    "errors": lambda _: {"error": {"message": "overloaded", "code": 1}},
    "no JSON": lambda number: b'{"choices":[' + b"%d," % number * 20,
    "not UTF-8": lambda _: b"\xff" * 100,
    "text after [DONE]": lambda _: WORD,
}


@pytest.mark.parametrize("name", UNLIKE)
def test_chunks_that_no_template_fits_leave_little_in_the_transcript(name: str) -> None:
    """Of 5,000 chunks that are all parsed less is kept than their own size, whatever they deviate in."""
    start = CALL + DONE if "DONE" in name else CALL
    make = UNLIKE[name]
    assert share_of([start, *(event(make(number)) for number in range(5000))], read) < 1.0


def test_what_is_remembered_of_chunks_does_not_grow_with_the_stream() -> None:
    """25 MB of chunks that are all different, too large to be remembered, leave a twentieth of that."""
    large = [event(says(content=None, x=[number, "x" * 5000])) for number in range(5000)]
    assert share_of(large, fed) < 0.05


def test_the_end_of_a_stream_takes_no_more_than_its_message() -> None:
    """Closing a stream of 5 MB whose arguments are whole makes no copy of its chunks."""
    part = event(WORD) * 64
    parts = [CALL, *[part] * (5 * 10**6 // len(part)), event(calls(more('"}')))]
    assert share_of(parts, closed) < 0.5
