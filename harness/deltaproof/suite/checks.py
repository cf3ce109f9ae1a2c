"""What scenarios demand beyond the rules for single streams, each put to the test on what was read. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.catalog import Blame, Level, Profile, Scenario
from deltaproof.checking import Judged
from deltaproof.exchange import End, Exchange
from deltaproof.stream.strict import parse
from deltaproof.suite.chunks import chunk_ids
from deltaproof.suite.outcome import Check, CheckName
from deltaproof.verdict.engine import shorten

_ENDS = {
    End.CUT: "the connection was closed before the response was complete",
    End.RESET: "the connection was reset before the response was complete",
    End.TIMEOUT: "the response did not go on, or not to its end, within the time allowed",
}


def is_refusal(exchange: Exchange) -> bool:
    """Tell whether a response is a proper refusal: a 4xx with a JSON object as its body."""
    status = exchange.head.status if exchange.head else 0
    return 400 <= status < 500 and isinstance(parse(exchange.body).value, dict)  # noqa: PLR2004 - the 4xx


def is_plain(judged: Judged) -> bool:
    """Tell whether a request that did not ask for a stream was accepted, and answered with none."""
    exchange = judged.exchange
    status = exchange.head.status if exchange.head else 0
    asked = exchange.request is None or exchange.request.get("stream") is True
    kind = (exchange.head and exchange.head.get("content-type")) or ""
    streams = judged.judgement.transcript.streamed or kind.lower().startswith("text/event-stream")
    return 200 <= status < 300 and not asked and not streams  # noqa: PLR2004 - the 2xx


def stream_checks(judged: Judged) -> tuple[Check, ...]:
    """Demand that a request was accepted, was answered with a stream, and that the stream came to its end.

    What is demanded after the first that does not hold is not put to the test.
    """
    exchange, transcript = judged.exchange, judged.judgement.transcript
    status = exchange.head.status if exchange.head else 0
    if not 200 <= status < 300:  # noqa: PLR2004 - the 2xx
        return (Check(CheckName.ACCEPTS, f"{_refused(exchange)}: status {status}", said(exchange)),)
    accepted = Check(CheckName.ACCEPTS)
    if not transcript.streamed:
        return accepted, Check(CheckName.STREAMS, f"there was no stream: {_instead(judged)}", said(exchange))
    streams = Check(CheckName.STREAMS)
    if exchange.end in _ENDS:
        cut = Check(CheckName.COMPLETES, _ENDS[exchange.end], _tail(exchange.body), blame=Blame.TRANSPORT)
        return accepted, streams, cut
    if transcript.errors:
        text = shorten(_text(transcript.errors[0].event.data or b""))
        return accepted, streams, Check(CheckName.COMPLETES, "the server reported a failure in mid-stream", text)
    return accepted, streams, Check(CheckName.COMPLETES)


def _refused(exchange: Exchange) -> str:
    status = exchange.head.status if exchange.head else 0
    match status // 100:
        case 3:
            return "the request was sent elsewhere"
        case 4:
            return "the request was refused" + ("" if is_refusal(exchange) else " without a JSON body")
        case 5:
            return "the server failed over the request"
        case _:
            return "the request was not accepted"


def _instead(judged: Judged) -> str:
    exchange, transcript = judged.exchange, judged.judgement.transcript
    if transcript.errors:
        return "an error event came instead"
    if exchange.end in _ENDS:
        return _ENDS[exchange.end]
    if not exchange.body:
        return "the body is empty"
    kind = exchange.head.get("content-type") if exchange.head else None
    return f"the body is {kind or 'of no type'}, without a single chunk"


def first_failure(name: CheckName, checks: tuple[Check, ...], what: str) -> Check:
    """Return one check that holds if all of these do, and otherwise tells of the first that does not."""
    failed = next((check for check in checks if not check.holds), None)
    if failed is None:
        return Check(name)
    return Check(name, f"{what}: {failed.message}", failed.text, failed.level, failed.blame)


def refusal_check(scenario: Scenario, profile: Profile, judged: Judged) -> Check:
    """Demand that a bad request was refused; the scenario says what it weighs to accept it."""
    exchange = judged.exchange
    status = exchange.head.status if exchange.head else 0
    if is_refusal(exchange):
        return Check(CheckName.REFUSES)
    levels = scenario.levels
    level = levels.get(profile.name) or levels.get(profile.base) or Level.ERROR
    if 200 <= status < 300:  # noqa: PLR2004 - the 2xx
        inside = ", and an error was told inside the stream" if judged.judgement.transcript.errors else ""
        return Check(CheckName.REFUSES, f"{scenario.title}: accepted with status {status}{inside}", "", level)
    how = "without a JSON body" if 400 <= status < 500 else "not with a 4xx"  # noqa: PLR2004 - the 4xx
    return Check(CheckName.REFUSES, f"{scenario.title}: refused {how}: status {status}", said(exchange))


def plain_check(exchange: Exchange) -> Check:
    """Demand one JSON object with choices, as the answer to a request without streaming."""
    status = exchange.head.status if exchange.head else 0
    answer = plain_answer(exchange)
    if status == 200 and answer is not None and isinstance(answer.get("choices"), list):  # noqa: PLR2004
        return Check(CheckName.ANSWERS_PLAIN)
    what = "the answer has no choices" if answer is not None else "the answer is no JSON object"
    return Check(CheckName.ANSWERS_PLAIN, f"without streaming, {what}: status {status}", said(exchange))


def plain_answer(exchange: Exchange) -> Mapping[str, object] | None:
    """Return the JSON object that a response is, None if it is none."""
    value = parse(exchange.body).value
    return value if isinstance(value, dict) else None


def apart_check(streams: tuple[tuple[Judged, str], tuple[Judged, str]]) -> Check:
    """Demand that of two streams neither has the other's nonce, and that their chunks have different ids."""
    (first, first_nonce), (second, second_nonce) = streams
    for judged, foreign in ((first, second_nonce), (second, first_nonce)):
        if words := next((text for text in _texts(judged) if foreign in text), None):
            position = max(0, words.index(foreign) - 60)
            message = f"{foreign} was asked of the other stream only"
            return Check(CheckName.KEEPS_APART, message, words[position : position + 120])
    shared = sorted(chunk_ids(first.exchange) & chunk_ids(second.exchange))
    if shared:
        message = f"both streams have chunks with the id {shared[0]!r}"
        return Check(CheckName.KEEPS_APART, message, level=Level.WARNING)
    return Check(CheckName.KEEPS_APART)


def repeats(judged: Judged, nonce: str) -> bool:
    """Tell whether a stream says its nonce, so that it would be noticed in another."""
    return any(nonce in text for text in _texts(judged))


def overlap(first: Exchange, second: Exchange, delay: float) -> bool:
    """Tell whether two streams came at the same time; the second was asked for `delay` seconds after the first."""
    if not first.reads or not second.reads:
        return False
    begins = max(first.reads[0].at, second.reads[0].at + delay)
    return begins <= min(first.reads[-1].at, second.reads[-1].at + delay)


def _texts(judged: Judged) -> Iterator[str]:
    """Yield all that a stream says: as it came, and put together where fragments divide it."""
    yield _text(judged.exchange.body)
    for choice in judged.judgement.message.choices:
        yield from (choice.content or "", choice.refusal or "", choice.reasoning or "")
        for call in choice.tool_calls:
            yield from (call.name or "", call.arguments)


def said(exchange: Exchange) -> str:
    """Return the words of a response that is no stream: its error message, or what it begins with."""
    return shorten(error_message(parse(exchange.body).value) or _text(exchange.body[:400]))


def error_message(value: object) -> str:
    """Return the message of an error object, in the shapes that servers give it; empty where there is none."""
    match value:
        case {"error": {"message": str() as message}} | {"error": str() as message}:
            return message
        case {"message": str() as message} | {"detail": str() as message}:
            return message
        case _:
            return ""


def _tail(body: bytes) -> str:
    return _text(body[-160:])


def _text(words: bytes) -> str:
    return words.decode(errors="replace")
