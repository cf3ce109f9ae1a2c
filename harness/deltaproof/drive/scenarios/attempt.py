"""One attempt at a scenario: its requests, in the order its kind asks for, and what came of them. No retries."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import assert_never

from deltaproof.catalog import Blame, Kind, Scenario
from deltaproof.checking import Judged
from deltaproof.drive.ask.bench import Bench
from deltaproof.drive.ask.wire import Answered, Ask, Unanswered
from deltaproof.suite.checks import (
    apart_check,
    first_failure,
    is_plain,
    is_refusal,
    overlap,
    plain_answer,
    plain_check,
    refusal_check,
    repeats,
    said,
    stream_checks,
)
from deltaproof.suite.exercise import missing
from deltaproof.suite.outcome import Attempt, Check, CheckName, Outcome, Timing
from deltaproof.suite.requests import Request, continued, filled, filled_body, swept, without_streaming
from deltaproof.suite.timing import measure


async def attempt(scenario: Scenario, bench: Bench) -> Attempt:
    """Try a scenario once."""
    request = filled(scenario, bench.model, _nonce())
    match scenario.kind:
        case Kind.STREAM:
            return await _stream(scenario, bench, request)
        case Kind.SWEEP:
            return await _sweep(scenario, bench, request)
        case Kind.PARITY:
            return await _parity(scenario, bench, request)
        case Kind.HISTORY:
            return await _history(scenario, bench, request)
        case Kind.PAIR:
            return await _pair(scenario, bench)
        case Kind.HANG_UP:
            return await _hang_up(scenario, bench, request)
        case Kind.REFUSAL:
            return await _refusal(scenario, bench, request)
        case _:
            assert_never(scenario.kind)


async def _stream(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    return _assess_any(scenario, bench, await bench.ask(Ask(request=request, scenario=scenario.name)))


def _assess_any(scenario: Scenario, bench: Bench, answer: Answered | Unanswered) -> Attempt:
    """Say what came of a request for a stream."""
    return unanswered(answer) if isinstance(answer, Unanswered) else _assess(scenario, bench.judge(answer.readable))


def _assess(scenario: Scenario, judged: Judged) -> Attempt:
    """Say what came of a stream that was asked for."""
    if scenario.optional and is_refusal(judged.exchange):
        reason = f"the server refuses {scenario.optional}: {said(judged.exchange)}"
        return Attempt(Outcome.UNSUPPORTED, reason, judged=(judged,))
    checks = stream_checks(judged)
    timing = _timing(judged)
    if failed := next((check for check in checks if not check.holds), None):
        return Attempt(Outcome.FAILED, failed.message, failed.blame, checks, (judged,), timing=timing)
    judgement = judged.judgement
    lacking = missing(scenario.exercises, judged.exchange, judgement.transcript, judgement.message)
    if lacking is not None:
        reason, blame = lacking
        if scenario.optional:
            reason = f"{reason}, or the server ignores {scenario.optional}"
        return Attempt(Outcome.UNEXERCISED, reason, blame, checks, (judged,), timing=timing)
    return Attempt(Outcome.JUDGED, checks=checks, judged=(judged,), timing=timing)


async def _sweep(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    """Send every request; what is wanted need be in one of the responses only."""
    parts: list[Attempt] = []
    for one in swept(scenario, request):
        parts.append(await _stream(scenario, bench, one))
        if parts[-1].outcome in (Outcome.FAILED, Outcome.UNREACHABLE):
            break
    outcomes = list(Outcome)
    decisive = min(parts, key=lambda part: outcomes.index(part.outcome))
    return replace(
        decisive,
        checks=tuple(dict.fromkeys(check for part in parts for check in part.checks)),
        judged=tuple(judged for part in parts for judged in part.judged),
    )


async def _parity(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    """Ask without streaming too; the stream is judged with that answer beside it."""
    answer = await bench.ask(Ask(request=request, scenario=scenario.name))
    if isinstance(answer, Unanswered):
        return unanswered(answer)
    other = await bench.ask(Ask(request=without_streaming(request), scenario=scenario.name))
    if isinstance(other, Unanswered):
        return _joined(_assess(scenario, bench.judge(answer.readable)), unanswered(other))
    check = plain_check(other.readable)
    plain = plain_answer(other.readable) if check.holds else None
    bench.pair(answer.exchange, plain)
    judged = bench.judge(replace(answer.readable, answer=plain))
    tried = _assess(scenario, judged)
    return _with(replace(tried, judged=(*tried.judged, *_about_streams(bench.judge(other.readable)))), check)


async def _history(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    first = await _stream(scenario, bench, request)
    if first.outcome is not Outcome.JUDGED:
        return first
    message = first.judged[0].judgement.message
    then = continued(request, message, scenario.reply)
    answer = await bench.ask(Ask(request=then, scenario=scenario.name))
    if isinstance(answer, Unanswered):
        return _joined(first, unanswered(answer))
    judged = bench.judge(answer.readable)
    what = "the assembled message is no history to it"
    check = first_failure(CheckName.ACCEPTS_HISTORY, stream_checks(judged), what)
    return _with(replace(first, judged=(*first.judged, judged)), check)


async def _pair(scenario: Scenario, bench: Bench) -> Attempt:
    nonces = (_nonce(), _nonce())
    asks = [Ask(request=filled(scenario, bench.model, nonce), scenario=scenario.name) for nonce in nonces]
    first, second = await _at_once(bench, asks)
    if isinstance(first, Unanswered) or isinstance(second, Unanswered):
        return _joined(*(_assess_any(scenario, bench, answer) for answer in (first, second)))
    judged = (bench.judge(first.readable), bench.judge(second.readable))
    one, other = (_assess(scenario, each) for each in judged)
    both = _joined(one, other)
    if Outcome.FAILED in (one.outcome, other.outcome):
        return both
    both = _with(both, apart_check(((judged[0], nonces[0]), (judged[1], nonces[1]))))
    if both.outcome is not Outcome.JUDGED:
        return both
    if not all(repeats(each, nonce) for each, nonce in zip(judged, nonces, strict=True)):
        return replace(both, outcome=Outcome.UNEXERCISED, reason="the model left its word out", blame=Blame.MODEL)
    if not overlap(first.readable, second.readable, second.sent_at - first.sent_at):
        reason = "the server answered one request after the other"
        return replace(both, outcome=Outcome.UNEXERCISED, reason=reason)
    return both


async def _at_once(bench: Bench, asks: list[Ask]) -> list[Answered | Unanswered]:
    """Send requests at once; an exception of one is raised when all have ended."""
    ended = await asyncio.gather(*(bench.ask(ask) for ask in asks), return_exceptions=True)
    answers = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        answers.append(one)
    return answers


async def _hang_up(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    """Go after the first read, then ask for the same again and stay; what came before is judged like all that came."""
    broken = await bench.ask(Ask(request=request, scenario=scenario.name, enough=1))
    if isinstance(broken, Unanswered):
        return unanswered(broken)
    clean = await _stream(scenario, bench, request)
    clean = replace(clean, judged=(bench.judge(broken.readable), *clean.judged))
    checks = clean.checks
    if clean.outcome is Outcome.UNREACHABLE:
        checks = (Check(CheckName.ANSWERS, clean.reason, blame=Blame.TRANSPORT),)
    check = first_failure(CheckName.SURVIVES_HANG_UP, checks, "after a client had gone in mid-stream")
    if not check.holds:
        return _with(replace(clean, outcome=Outcome.JUDGED, checks=()), check)
    if clean.outcome is Outcome.JUDGED and b"[DONE]" in broken.exchange.body:
        reason = "the response was over before the client could go"
        return replace(clean, outcome=Outcome.UNEXERCISED, reason=reason, checks=(check,))
    return replace(clean, checks=(check,))


async def _refusal(scenario: Scenario, bench: Bench, request: Request) -> Attempt:
    body = filled_body(scenario, bench.model, _nonce())
    ask = Ask(body=body.encode()) if body else Ask(request=request)
    answer = await bench.ask(replace(ask, scenario=scenario.name))
    if isinstance(answer, Unanswered):
        return unanswered(answer)
    judged = bench.judge(answer.readable)
    check = refusal_check(scenario, bench.profile, judged)
    return _with(Attempt(Outcome.JUDGED, judged=_about_streams(judged)), check)


def _about_streams(judged: Judged) -> tuple[Judged, ...]:
    """Return what the rules have something to say of: all but an answer in one piece, as it was asked for."""
    return () if is_plain(judged) else (judged,)


def unanswered(answer: Unanswered) -> Attempt:
    """Say what came of a request without a response: with a connection, that is the server's failure."""
    if not answer.connected:
        return Attempt(Outcome.UNREACHABLE, answer.why)
    check = Check(CheckName.ANSWERS, answer.why, blame=Blame.TRANSPORT)
    return Attempt(Outcome.FAILED, answer.why, Blame.TRANSPORT, (check,))


def _with(tried: Attempt, check: Check) -> Attempt:
    """Return an attempt with one more check, failed if that does not hold."""
    checks = (*tried.checks, check)
    if check.holds or tried.outcome is Outcome.FAILED:
        return replace(tried, checks=checks)
    return replace(tried, outcome=Outcome.FAILED, reason=check.message, blame=check.blame, checks=checks)


def _joined(first: Attempt, second: Attempt) -> Attempt:
    """Return two attempts as one: what came of it is the worse of the two."""
    worst_first = (Outcome.FAILED, Outcome.UNREACHABLE, Outcome.UNSUPPORTED, Outcome.UNEXERCISED, Outcome.JUDGED)
    decisive = min((first, second), key=lambda one: worst_first.index(one.outcome))
    return replace(
        decisive,
        checks=tuple(dict.fromkeys((*first.checks, *second.checks))),
        judged=(*first.judged, *second.judged),
        timing=first.timing,
    )


def _timing(judged: Judged) -> Timing | None:
    transcript = judged.judgement.transcript
    return measure(judged.exchange, transcript) if transcript.streamed else None


def _nonce() -> str:
    """Return a word that occurs nowhere else."""
    return f"w{secrets.token_hex(4)}"
