"""One stream for code that folds streams, and what that code is held to. Which there are, parameters.py finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from deltaproof.accumulate.answers import Said, SaidCall
from deltaproof.accumulate.asking import request_for
from deltaproof.accumulate.calls import pair, sent_calls
from deltaproof.accumulate.duty import Duty, duty_of
from deltaproof.accumulate.outcome import judge_said
from deltaproof.accumulate.protocol import read_message, strange_member
from deltaproof.exchange import Exchange
from deltaproof.faults import Fault
from deltaproof.sse import Decoder
from deltaproof.stream.strict import parse
from deltaproof.verdict import Judgement, judge


class FoldedWrongError(AssertionError):
    """What code made of a stream is not what the stream means."""


class NoMessageError(TypeError):
    """What a test holds against a stream is no message at all: a mistake in the test."""


@dataclass(frozen=True, slots=True)
class AccumulatorCase:
    """A recorded stream, as it is or with a fault.

    Attributes:
        name: of the recording below the folder that was named, with its place where a file has several, and the fault.
        exchange: the stream.
        fault: what it was broken by, None for what was recorded.
    """

    name: str
    exchange: Exchange
    fault: Fault | None = None

    @property
    def case(self) -> AccumulatorCase:
        """Itself: it needs no cassette of a test."""
        return self

    def served(self, cassette: Path, *, timed: bool) -> Sequence[Exchange]:  # noqa: ARG002 - as Parameter has it
        """Return the stream alone, for whatever is asked."""
        return [replace(self.exchange, request=None, sent=b"")]

    @property
    def request(self) -> Mapping[str, object]:
        """The JSON object to ask with: what was recorded, or what fits the stream; `stream` is true in it."""
        return request_for(self.exchange, self._judgement())

    @property
    def body(self) -> bytes:
        """The response's body, content encodings undone."""
        return self.exchange.body

    def chunks(self) -> list[dict[str, Any]]:  # type: ignore[explicit-any]  # as json.loads has it
        """Return the JSON objects of the stream up to `[DONE]`, new ones with each call; what is none is left out."""
        decoder = Decoder()
        chunks: list[dict[str, Any]] = []  # type: ignore[explicit-any]  # as json.loads has it
        for event in decoder.feed(self.body) + decoder.close():
            if (event.data or b"").strip() == b"[DONE]":
                break
            value = parse(event.data or b"").value
            if isinstance(value, dict):
                chunks.append(value)
        return chunks

    @property
    def must_raise(self) -> str:
        """Why code ought to raise on this stream, without a final full stop; empty where there is a message to have."""
        duty, why = duty_of(self.exchange, self._judgement())
        return why if duty is Duty.RAISE else ""

    def assert_folded(self, message: object) -> None:
        """Hold what code made of the stream against what the stream means.

        What the message has no place for, ids or finish_reason, is not missed. Arguments are compared as JSON.

        Args:
            message: as openai writes it, `{"content": …, "tool_calls": [{"id": …, "function": {"name": …, "arguments":
                …}}], "finish_reason": …}`, alone or in a choice or a completion; calls may be flat, and arguments
                parsed. Objects of openai's own, others with `model_dump`, and dataclasses will do as well.

        Raises:
            FoldedWrongError: it is another message, or there should be none but an exception.
            NoMessageError: it is none of these, or a member is of another type.
        """
        __tracebackhide__ = True
        judgement = self._judgement()
        ruling = judge_said(self.exchange, judgement, _said(_object(message), judgement))
        if not ruling.outcome.is_as_it_should:
            raise FoldedWrongError(f"{ruling.outcome}: {ruling.reason}\n{self._about()}")

    @contextmanager
    def raises(self, *kinds: type[Exception]) -> Iterator[None]:
        """Let code raise where the stream gives it reason to, and only there; where it must, hold it to it.

        Args:
            kinds: with which exceptions it may raise; any will do without them, but AssertionError, which is the test's
                own unless it is named.

        Raises:
            FoldedWrongError: the stream ought to have made it raise, and it did not.
        """
        __tracebackhide__ = True
        duty, why = duty_of(self.exchange, self._judgement())
        allowed = kinds or (Exception,)
        try:
            yield
        except (FoldedWrongError, NoMessageError):
            raise
        except allowed as error:
            if duty is Duty.NONE or (isinstance(error, AssertionError) and not kinds):
                raise
        else:
            if duty is Duty.RAISE:
                raise FoldedWrongError(f"it did not raise: {why}\n{self._about()}")

    def _judgement(self) -> Judgement:
        return judge(self.exchange)

    def _about(self) -> str:
        """Say which stream it is, and what is wrong with it."""
        stream = f"  stream: {self.exchange.source}#{self.exchange.entry}"
        return f"{stream}\n  fault: {self.fault.name}. {self.fault.does}" if self.fault else stream


@runtime_checkable
class _Model(Protocol):
    """An object of pydantic's, which openai's are."""

    def model_dump(self) -> Mapping[str, object]:
        """Return its fields."""


def _object(message: object) -> Mapping[str, object]:
    """Return a message as a JSON object, taken out of its choice and completion; the finish_reason is the choice's.

    Raises:
        NoMessageError: it is none, or a member is of another type.
    """
    match _plain(message):
        case {"choices": [first, *_]}:
            return _object(first)
        case {"message": Mapping() as inner, "finish_reason": reason}:
            found = {**inner, "finish_reason": reason}
        case {**members}:
            found = members
        case _:
            raise NoMessageError(f"a message is a mapping, a dataclass or an object of openai's, and not {message!r}")
    strange = strange_member(found)
    if strange is not None:
        raise NoMessageError(f"this is no message, since {strange[0]} is {strange[1]!r}")
    return found


def _plain(value: object) -> object:
    """Return a value with all objects in it as dicts, and all sequences as lists."""
    if isinstance(value, _Model):
        return _plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _said(message: Mapping[str, object], judgement: Judgement) -> Said:
    """Read a message; what it has no place for is as it was sent."""
    said = read_message(message)
    choices = judgement.message.choices
    sent = choices[0] if choices else None
    if "finish_reason" not in message and sent is not None and sent.finish_reason != "length":  # which must be told
        said = replace(said, finish_reason=sent.finish_reason)
    calls = message.get("tool_calls", message.get("calls"))
    if isinstance(calls, Iterable) and any(isinstance(call, Mapping) and "id" in call for call in calls):
        return said
    given = {id(got): call.id for call, got in pair(sent_calls(sent), said.calls, lenient=True).pairs}
    return replace(said, calls=tuple(SaidCall(call.name, call.arguments, given.get(id(call))) for call in said.calls))
