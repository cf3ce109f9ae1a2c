"""Bytes that pass, without the secrets in them, as they come: only a tail that may begin a secret is held back.

A secret becomes as many asterisks as it had bytes, so that offsets and the sizes of reads stay right. What is a secret
is in scrub_rules.py, and which of them an exchange has in scrub.py.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from deltaproof.cassette.scrub_rules import SHORTEST
from deltaproof.cassette.sought import Sought

_CONTEXT = 128  # bytes that were let go already, in which the name of a field may stand
_LONGEST_TOKEN = 8 * 2**10  # bytes that may be held back as the beginning of a key
_LONGEST_LINE = 64 * 2**10  # bytes that may be held back for a project's own patterns
_PIECE = 16 * 2**10  # bytes of a whole text that are looked through at once: of most, a glance is enough
_LETTERS = (string.ascii_letters + string.digits).encode()  # after which no key begins,
_LONGEST_ESCAPE = 6  # but for those of `\n`, `%20` and `\u0020`
_BACKSLASH = ord("\\")


def masked(text: bytes, secrets: Sought) -> bytes:
    """Return a whole text without its secrets."""
    scrubber = Scrubber(secrets)
    pieces = [scrubber.feed(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE)]
    return b"".join((*pieces, scrubber.close()))


class Scrubber:
    """Takes the secrets out of one text that comes in pieces."""

    def __init__(self, secrets: Sought) -> None:
        """Start before the first byte."""
        self._sought = secrets
        self._context = b""  # let go already, secrets masked
        self._held = b""
        self._line = bytearray()  # not complete, for a project's own patterns
        self._quote: int | None = None  # within the value of a secret field: how many backslashes its quotes have
        self._backslashes = 0  # at the end of what has come of that value
        self._run = b""  # within a key: what goes on with it
        self.found = False
        """Whether anything was masked."""

    @property
    def held(self) -> int:
        """How many bytes have come and were not returned yet."""
        return len(self._held) + len(self._line)

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes, and return what can be let go."""
        return self._scrub(self._lines(piece, last=False), last=False)

    def close(self) -> bytes:
        """End the text, and return what was held back."""
        return self._scrub(self._lines(b"", last=True), last=True)

    def _lines(self, piece: bytes, *, last: bool) -> bytes:
        """Return the lines that are complete, without what fits a project's own patterns."""
        if not self._sought.patterns:
            return piece
        self._line += piece
        end = len(self._line) if last or len(self._line) > _LONGEST_LINE else self._line.rfind(b"\n") + 1
        lines = self._line[:end]
        del self._line[:end]
        for pattern in self._sought.patterns:
            for match in pattern.finditer(bytes(lines)):
                self._cover(lines, match.start(), match.end())
        return bytes(lines)

    def _scrub(self, piece: bytes, *, last: bool) -> bytes:
        """Mask what is certain, and hold back what is not; nothing is uncertain any more at the last piece."""
        start = len(self._context)
        text = bytearray(self._context + self._held + piece)
        position = self._mask(text, start)
        hold = len(text)
        if last:
            self._mask_begun(text, position)
        elif self._quote is not None:
            hold = position
        elif not self._run:
            hold = self._hold(bytes(text), position)
        self._context = bytes(text[max(0, hold - _CONTEXT) : hold])
        self._held = bytes(text[hold:])
        return bytes(text[start:hold])

    def _mask(self, text: bytearray, start: int) -> int:
        """Mask the secrets from `start` on, and return where the last one ends."""
        position = self._go_on(text, start)
        self._mask_literals(text, position)
        search = 0 if position == start else position
        if position == len(text) or not self._sought.may_be_in(text):
            return position
        while (match := self._sought.whole.search(text, search)) is not None:
            search = match.end()
            if match.lastgroup == "escape":
                if match.end() > start:
                    self._quote, self._backslashes = len(match["escape"]), 0
                    search = position = self._go_on(text, max(match.end(), start))
            elif match.end() > position:
                position = match.end()
                self._cover(text, max(match.start(), start), position)
                if position == len(text):
                    self._run = self._alphabet(match)
        return position

    def _mask_literals(self, text: bytearray, start: int) -> None:
        for literal in self._sought.literals:
            at = text.find(literal, start)
            while at >= 0:
                self._cover(text, at, at + len(literal))
                at = text.find(literal, at + len(literal))

    def _alphabet(self, match: re.Match[bytes]) -> bytes:
        """Return what goes on with a key that reaches the end."""
        return self._sought.alphabets[int((match.lastgroup or "").removeprefix("shape"))]

    def _go_on(self, text: bytearray, start: int) -> int:
        """Mask the rest of a secret that began before `start`, and return where it ends."""
        if self._quote is not None:
            end = self._value_end(text, start)
            self._cover(text, start, end)
            return end
        if not self._run:
            return start
        end = len(text) - len(text[start:].lstrip(self._run))
        self._cover(text, start, end)
        if end < len(text):
            self._run = b""
        return end

    def _value_end(self, text: bytearray, start: int) -> int:
        """Find the quote that ends a value, or the end of what has come.

        A value within a text within JSON has quotes with backslashes; one with fewer ends the text around it.
        """
        told = self._quote or 0
        at = text.find(b'"', start)
        while at >= 0:
            before = self._backslashes_before(text, start, at)
            if before <= told if told else before % 2 == 0:
                self._quote = None
                return max(start, at - before) if told else at
            at = text.find(b'"', at + 1)
        # Those of the quote that may come next are no part of the value.
        before = self._backslashes_before(text, start, len(text))
        end = len(text) - min(before, told, len(text) - start)
        self._backslashes = before - (len(text) - end)
        return end

    def _backslashes_before(self, text: bytearray, start: int, at: int) -> int:
        """Count the backslashes that end at `at`, of which some may have been let go already."""
        first = at
        while first > start and text[first - 1] == _BACKSLASH:
            first -= 1
        return at - first + (self._backslashes if first == start else 0)

    def _cover(self, text: bytearray, start: int, end: int) -> None:
        if start < end:
            self.found |= text.count(b"*", start, end) < end - start
            text[start:end] = b"*" * (end - start)

    def _hold(self, text: bytes, position: int) -> int:
        """Return from where the text may be the beginning of a secret."""
        hold = len(text)
        if hold == position or text[-1] not in self._sought.open_ends:
            return hold
        first = max(position, len(text) - _LONGEST_TOKEN)
        in_a_word = len(text.rstrip(_LETTERS)) + _LONGEST_ESCAPE < first
        begun = None if in_a_word else self._sought.begun.search(text, first)
        return min([hold, *([begun.start()] if begun else []), *self._literals_begun(text, position)])

    def _literals_begun(self, text: bytes, position: int) -> Iterator[int]:
        """Yield from where the text is the beginning of a known secret."""
        for literal in self._sought.literals:
            at = text.find(literal[:1], max(position, len(text) - len(literal) + 1))
            while at >= 0:
                if literal.startswith(text[at:]):
                    yield at
                    break
                at = text.find(literal[:1], at + 1)

    def _mask_begun(self, text: bytearray, position: int) -> None:
        """Mask what has come of a known secret that was cut off, if it is enough to tell of it."""
        start = min(self._literals_begun(bytes(text), position), default=len(text))
        if len(text) - start >= SHORTEST:
            self._cover(text, start, len(text))
