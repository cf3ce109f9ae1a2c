"""An exchange taken apart for a fault to change, and put together again. Names no fault and judges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import TypeVar

from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.faults.pieces import Json, Piece, pieces_of
from deltaproof.faults.rewritten import rewritten
from deltaproof.faults.views import Call, Delta, Entry, calls_of
from deltaproof.stream import Request, read_request

T = TypeVar("T")
COMPLETE = ("tool_calls", "function_call", "stop")
"""The finish_reasons that say that a call is whole."""


class InapplicableError(DeltaproofError):
    """A fault finds nothing in an exchange that it could break."""


def need(condition: object, reason: str) -> None:
    """Go on only if a condition holds; the reason says what a fault does not find.

    Raises:
        InapplicableError: it does not hold.
    """
    if not condition:
        raise InapplicableError(reason)


class Draft:
    """What a fault changes. Whatever is looked for and is not there makes the fault not apply: `InapplicableError`.

    Attributes:
        request, answer: as of the exchange, to be changed in place; None where they are not known.
        head, end, reads: as of the exchange.
        pieces: the body.
        escapes: whether the server escapes what is not ASCII, as far as that can be told.
    """

    def __init__(self, exchange: Exchange, random: Random) -> None:
        """Take an exchange apart; `random` decides where there is a choice."""
        self._exchange = exchange
        self._random = random
        self.request: Json | None = deepcopy(dict(exchange.request)) if exchange.request is not None else None
        self.answer: Json | None = deepcopy(dict(exchange.answer)) if exchange.answer is not None else None
        self.head = exchange.head
        self.end = exchange.end
        self.reads = exchange.reads
        self.pieces = pieces_of(exchange.body)
        self.escapes = exchange.body.isascii()

    def exchange(self) -> Exchange:
        """Put the exchange together again."""
        changed = replace(
            self._exchange,
            request=self.request,
            answer=self.answer,
            head=self.head,
            end=self.end,
            reads=self.reads,
        )
        return rewritten(self._exchange, changed, self.pieces, escapes=self.escapes)

    def pick(self, several: Sequence[T], missing: str = "there is nothing of the kind") -> T:
        """Choose one of several; `missing` says what it means that there are none."""
        need(several, missing)
        return self._random.choice(several)

    def chunks(self) -> list[Piece]:
        """Return the chunks that have a choice."""
        chunks = [
            piece for piece in self.pieces if piece.json.get("choices") and isinstance(piece.json["choices"], list)
        ]
        need(chunks, "there is no chunk with a choice")
        return chunks

    def deltas(self) -> list[Delta]:
        """Return the elements of the choices of all chunks."""
        elements = [(piece, element) for piece in self.chunks() for element in piece.json["choices"]]
        return [Delta(piece, element) for piece, element in elements if isinstance(element, dict)]

    def texts(self) -> list[Delta]:
        """Return the deltas with text as their content."""
        texts = [delta for delta in self.deltas() if delta.body.get("content")]
        need(texts, "there is no text")
        return texts

    def finish(self) -> Delta:
        """Return the first delta with a finish_reason of some choice."""
        finishes: dict[int, Delta] = {}
        for delta in self.deltas():
            if delta.element.get("finish_reason"):
                finishes.setdefault(delta.choice, delta)
        return self.pick(list(finishes.values()), "no choice has a finish_reason")

    def finish_reason(self, choice: int) -> object:
        """Return the last finish_reason of a choice, None where it has none."""
        reasons = [delta.element.get("finish_reason") for delta in self.deltas() if delta.choice == choice]
        return next((reason for reason in reversed(reasons) if reason), None)

    def calls(self) -> list[Call]:
        """Return the tool calls in order of opening."""
        calls = calls_of(self.deltas())
        need(calls, "there is no tool call")
        return calls

    def call(self, wanted: Callable[[Call], object] | None = None, missing: str = "there is no tool call") -> Call:
        """Return some tool call, of those that a condition holds of."""
        return self.pick([call for call in self.calls() if wanted is None or wanted(call)], missing)

    def whole_call(
        self, wanted: Callable[[Call], object] | None = None, missing: str = "no function is called with an object"
    ) -> Call:
        """Return some call of a function, its arguments an object and its finish_reason one that says so."""
        whole = [
            call
            for call in self.calls()
            if call.arguments is not None and not call.is_custom and self.finish_reason(call.choice) in COMPLETE
        ]
        return self.pick([call for call in whole if wanted is None or wanted(call)], missing)

    def done(self) -> Piece:
        """Return the `[DONE]` event."""
        done = next((piece for piece in self.pieces if (piece.data or b"").strip() == b"[DONE]"), None)
        need(done, "there is no [DONE]")
        return done or self.pieces[-1]

    def sent(self) -> Json:
        """Return the request, to be changed in place."""
        need(self.request is not None, "the request is not known")
        return self.request if self.request is not None else {}

    def asked(self) -> Request:
        """Return what the request asked for."""
        return read_request(self.sent())

    def insert(self, new: Piece, *, after: Piece) -> Piece:
        """Put a new piece behind another."""
        self.pieces.insert(self.pieces.index(after) + 1, new)
        return new

    def move(self, piece: Piece, *, before: Piece) -> None:
        """Put a piece before another."""
        need(piece is not before, "what would change places comes in one chunk")
        self.pieces.remove(piece)
        self.pieces.insert(self.pieces.index(before), piece)

    def cut(self, *, after: Piece) -> None:
        """Drop all that comes after a piece."""
        del self.pieces[self.pieces.index(after) + 1 :]

    def newline(self) -> bytes:
        """Return how the stream ends its lines."""
        newline = re.search(rb"\r\n|\n|\r", self.chunks()[0].raw)
        return newline[0] if newline else b"\n"

    def event(self, *lines: bytes) -> Piece:
        """Return a new event of some lines."""
        return Piece(b"".join(line + self.newline() for line in (*lines, b"")))

    def spare(self) -> Piece:
        """Add a chunk with an empty array of choices behind some chunk that has one, and return it."""
        after = self.pick(self.chunks())
        spare = after.copy()
        spare.chunk = spare.json | {"choices": []}
        if spare.chunk.get("usage") is not None:
            spare.chunk["usage"] = None
        return self.insert(spare, after=after)

    def say(self, like: Delta, body: Json, *, after: Piece) -> Delta:
        """Add a chunk of the choice that a delta is of, with a delta of its own, and return that."""
        piece = like.piece.copy()
        emptied = {key: None for key in ("finish_reason", "logprobs") if key in like.element}
        element = like.element | {"delta": body} | emptied
        piece.chunk = piece.json | {"choices": [element]}
        if piece.chunk.get("usage") is not None:
            piece.chunk["usage"] = None
        self.insert(piece, after=after)
        return Delta(piece, element)

    def extend(self, call: Call, fragment: str, *, after: Piece | None = None) -> Entry:
        """Add an entry with argument text to a call, behind its last one or another piece, and return it.

        What has no text comes before the finish_reason also where that comes with the last text.
        """
        kind, key = ("custom", "input") if call.is_custom else ("function", "arguments")
        value = {"index": call.opening.value.get("index"), kind: {key: fragment}}
        last = call.entries[-1]
        if not fragment:
            unfinished = [entry for entry in call.entries if not entry.delta.element.get("finish_reason")]
            last = unfinished[-1] if unfinished else last
        return Entry(self.say(last.delta, {"tool_calls": [value]}, after=after or last.piece), value)

    def drop(self, entry: Entry) -> None:
        """Take an entry out, and the chunk with it if it says nothing else."""
        body, element = entry.delta.body, entry.delta.element
        body["tool_calls"] = [one for one in body["tool_calls"] if one is not entry.value]
        if not body["tool_calls"]:
            del body["tool_calls"]
        if not body and not element.get("finish_reason"):
            choices = entry.piece.json["choices"]
            choices[:] = [one for one in choices if one is not element]
            if not choices:
                self.pieces.remove(entry.piece)
