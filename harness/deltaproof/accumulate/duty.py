"""Whether a stream ought to make client code raise, and why. Knows no client."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from deltaproof.accumulate.calls import parsed_arguments, sent_calls
from deltaproof.exchange import End, Exchange
from deltaproof.verdict import Judgement


class Duty(StrEnum):
    """What client code owes its caller.

    NONE: the message; an error would be wrong. EITHER: the message or an error: something is wrong with the stream,
    and the message can be had from it all the same. TELL: an error, or the truth that the message was cut for its
    length. RAISE: an error.
    """

    NONE = "none"
    EITHER = "either"
    TELL = "tell"
    RAISE = "raise"


_BROKEN = {
    End.CUT: "the connection was closed before the stream's end",
    End.RESET: "the connection was reset",
    End.TIMEOUT: "the server fell silent",
    End.CLIENT_GONE: "the stream was recorded until its client left, and ends there",
}


def duty_of(exchange: Exchange, judgement: Judgement) -> tuple[Duty, str]:
    """Return what a client owes, and why, in words without a final full stop; "" for NONE."""
    transcript, choices = judgement.transcript, judgement.message.choices
    if exchange.head is not None and exchange.head.status >= HTTPStatus.BAD_REQUEST:
        return Duty.RAISE, f"the status is {exchange.head.status}"
    if transcript.errors:
        return Duty.RAISE, "the stream tells of an error"
    if not transcript.streamed:
        return Duty.RAISE, "no chunk came"
    broken = _BROKEN.get(exchange.end, "")
    if not transcript.done_count and not all(choice.finish_reason for choice in choices):
        return Duty.RAISE, broken or "the stream ends without finish_reason or [DONE]"
    if choices and choices[0].finish_reason == "length":
        return Duty.TELL, "the message was cut for its length"
    for call in sent_calls(choices[0] if choices else None):
        if call.arguments and not call.is_custom and parsed_arguments(call.arguments) is None:
            return Duty.EITHER, f"the arguments of {call.name} are no JSON object"
    return (Duty.EITHER, broken) if broken else (Duty.NONE, "")
