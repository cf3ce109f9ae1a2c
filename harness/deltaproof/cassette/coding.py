"""Content encodings: a body as it was sent to the body that it means, within limits. Nothing else of HTTP is here."""

from __future__ import annotations

import importlib
import string
import zlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Protocol

from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Read

LIMIT = 64 * 2**20
"""Bytes that a body may have once it is decoded; a larger one is taken for a bomb."""

_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})
_PRINTABLE = frozenset(string.printable.encode())
_BROTLI_PIECE = 16  # bytes at a time: a few bytes can stand for megabytes, and not every decoder can be told to stop


class _Decoder(Protocol):
    """One content encoding being undone."""

    @property
    def finished(self) -> bool:
        """Whether the encoded body came to its end."""

    def feed(self, part: bytes, room: int) -> bytes:
        """Decode the next part; raise `UnreadableError` where it is damaged or decodes to more than `room` bytes."""


def names(header: str | None) -> tuple[str, ...]:
    """Return the codings that a content-encoding header lists, in the order they were applied."""
    listed = (name.strip().lower() for name in (header or "").split(","))
    return tuple(name for name in listed if name not in {"", "identity"})


def undecodable(body: bytes, codings: Iterable[str]) -> str | None:
    """Name the first coding for which no decoder is installed, if the body really has one."""
    if not body or _is_text(body):
        return None
    return next((name for name in codings if name not in _ZLIB and not (name == "br" and _brotli())), None)


def decode(
    body: bytes, codings: tuple[str, ...], reads: tuple[Read, ...] = (), end: End = End.EOF
) -> tuple[bytes, tuple[Read, ...]]:
    """Undo the codings of a body; its reads come back with the sizes that they decode to.

    A body that is text already was decoded by its recorder, which kept the header: it is returned as it is.
    A body that ends early is damaged, unless its connection did not end well either.
    Raises `UnreadableError` without a place for damage, and for a body that is over the limit.
    """
    for name in reversed(codings):
        if not body or _is_text(body):
            break
        decoder = _decoder(name, body)
        pieces = []
        room = LIMIT
        for part in _split(body, reads):
            pieces.append(decoder.feed(part, room))
            room -= len(pieces[-1])
        if end is End.EOF and not decoder.finished:
            raise UnreadableError(f"the body is {name}-encoded and ends early: it is cut short or damaged")
        reads = tuple(Read(read.at, len(piece)) for read, piece in zip(reads, pieces, strict=False))
        body = b"".join(pieces)
    return body, reads


def readable(exchange: Exchange) -> Exchange:
    """Return an exchange as kept with its content encodings undone, its reads with the sizes that they decode to.

    What cannot be decoded is the server's fault or needs a decoder that is not installed: it stays as it is.
    """
    codings = names(exchange.head.get("content-encoding") if exchange.head else None)
    if not codings:
        return exchange
    try:
        body, reads = decode(exchange.body, codings, exchange.reads, exchange.end)
    except UnreadableError:
        return exchange
    return replace(exchange, body=body, reads=reads)


class Decoding:
    """The codings of a body being undone while it arrives; damage at its end is not noticed."""

    def __init__(self, codings: tuple[str, ...]) -> None:
        """Start before the first byte; the codings stand in the order in which they were applied."""
        self._layers = [_Layer(name) for name in reversed(codings)]

    def feed(self, part: bytes) -> bytes:
        """Take the next bytes, and return what they decode to.

        Raises `UnreadableError` without a place for damage, for what is over the limit, and without a decoder.
        """
        for layer in self._layers:
            part = layer.feed(part)
        return part


class _Layer:
    """One coding of a body; where the body is text already, it has none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._start = b""  # too short to tell by
        self._decoder: _Decoder | None = None
        self._is_text = False
        self._room = LIMIT

    def feed(self, part: bytes) -> bytes:
        """Decode the next part."""
        if self._is_text:
            return part
        if self._decoder is None:
            part, self._start = self._start + part, b""
            if len(part) < 2:  # noqa: PLR2004 - as many as tell whether deflate has a zlib header
                self._start = part
                return b""
            self._is_text = _is_text(part)
            if self._is_text:
                return part
            self._decoder = _decoder(self._name, part)
        decoded = self._decoder.feed(part, self._room)
        self._room -= len(decoded)
        return decoded


def _split(body: bytes, reads: tuple[Read, ...]) -> Iterable[bytes]:
    """Split a body into its reads; one piece where they are not known."""
    if not reads:
        return [body]
    starts = [0]
    for read in reads:
        starts.append(starts[-1] + read.size)
    return [body[start:stop] for start, stop in pairwise(starts)]


def _is_text(body: bytes) -> bool:
    """Tell whether a body begins as text; event streams, JSON and HTML all do, and no compressed body does."""
    return all(byte in _PRINTABLE for byte in body.removeprefix(b"\xef\xbb\xbf")[:16])


def _decoder(name: str, body: bytes) -> _Decoder:
    """Return the decoder of a coding; RFC 9110 lets `deflate` have a zlib header, and many servers omit it."""
    match name:
        case "gzip" | "x-gzip":
            return _Zlib(name, 31)
        case "deflate":
            has_header = body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0  # noqa: PLR2004 - RFC 1950, 2.2
            return _Zlib(name, 15 if has_header else -15)
        case "br" if module := _brotli():
            return _Brotli(module)
        case _:
            raise UnreadableError(f"the body is {name}-encoded, and no decoder for that is installed")


class _Zlib:
    """gzip and deflate; gzip may have several members, one after the other."""

    def __init__(self, name: str, window: int) -> None:
        self._name = name
        self._window = window
        self._stream = zlib.decompressobj(window)

    @property
    def finished(self) -> bool:
        """Whether the last member came to its end."""
        return self._stream.eof

    def feed(self, part: bytes, room: int) -> bytes:
        """Decode the next part."""
        decoded = bytearray()
        while part:
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._window)
            try:
                decoded += self._stream.decompress(part, room + 1 - len(decoded))
            except zlib.error as error:
                raise UnreadableError(f"the body is not valid {self._name}: {error}") from error
            _check(len(decoded), room)
            part = self._stream.unconsumed_tail or self._stream.unused_data
        return bytes(decoded)


class _Brotli:
    """br, where one of its two packages is installed."""

    def __init__(self, module: ModuleType) -> None:
        self._stream = module.Decompressor()

    @property
    def finished(self) -> bool:
        """Whether the stream came to its end."""
        return bool(self._stream.is_finished())

    def feed(self, part: bytes, room: int) -> bytes:
        """Decode the next part."""
        decoded = bytearray()
        for start in range(0, len(part), _BROTLI_PIECE):
            try:
                decoded += self._stream.process(part[start : start + _BROTLI_PIECE])
            except Exception as error:  # the two packages name their error differently
                raise UnreadableError(f"the body is not valid br: {error}") from error
            _check(len(decoded), room)
        return bytes(decoded)


def _brotli() -> ModuleType | None:
    """Return the brotli package that is installed, or None; deltaproof does not ask for one."""
    for name in ("brotli", "brotlicffi"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _check(size: int, room: int) -> None:
    """Refuse a body that is over the limit."""
    if size > room:
        raise UnreadableError(f"the body decodes to more than {LIMIT // 2**20} MiB: it is not read")
