"""Miniature gateways: one that passes all on as it comes, and others that each misbehave in one way. No test.

Each is a script for a server: it asks its upstream, and says to its client what it makes of that. They read as little as
the streams of the tests need, and know nothing of deltaproof.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, Script, piece, refusal, response

Gateway: TypeAlias = Callable[[int], Script]
"""Makes a gateway whose upstream listens on a port."""

_MODELS = response(b'{"object":"list","data":[{"id":"m"}]}')
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class BrokenError(Exception):
    """The upstream broke the connection."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an upstream answers: its status and kind, and its body as it comes; `BrokenError` where that breaks."""

    status: int
    kind: str
    body: Iterator[bytes]

    def events(self) -> Iterator[bytes]:
        """Yield the body event by event, and what is left of one."""
        left = b""
        for content in self.body:
            left += content
            while found := _EVENT_END.search(left):
                yield left[: found.end()]
                left = left[found.end() :]
        if left:
            yield left

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream, as far as is told."""
        return self.status == 200 and "event-stream" in self.kind


@contextmanager
def upstream(port: int, body: bytes, timeout: float = 20) -> Iterator[Heard]:
    """Ask the upstream for a chat completion, and wait so many seconds for what it says next."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = connection.getresponse()

        def read() -> Iterator[bytes]:
            try:
                while content := answer.read1(65536):
                    yield content
            except (http.client.HTTPException, OSError) as error:
                raise BrokenError from error

        yield Heard(answer.status, answer.getheader("content-type", ""), read())
    except (http.client.HTTPException, OSError) as error:
        raise BrokenError from error
    finally:
        connection.close()


Relay: TypeAlias = Callable[[Heard], Iterator[bytes | Act]]
"""Says to a client what it makes of an answer."""


def relaying(relay: Relay, timeout: float = 20) -> Gateway:
    """Return a gateway that asks as it is asked, waits so many seconds, and answers as a relay says."""

    def gateway(port: int) -> Script:
        def script(asked: Asked) -> Iterator[bytes | Act]:
            if asked.method == "GET":
                yield _MODELS
                return
            with upstream(port, asked.body, timeout) as heard:
                yield from relay(heard)

        return script

    return gateway


def hesitating(port: int) -> Script:
    """Wait a moment before the upstream is asked, and pass all on at once."""

    def script(asked: Asked) -> Iterator[bytes | Act]:
        time.sleep(0.3)
        yield from HONEST(port)(asked)

    return script


def as_it_is(heard: Heard) -> Iterator[bytes | Act]:
    """Pass all on as it comes, and how it ends."""
    yield from changed(heard, lambda event: event)


def changed(heard: Heard, change: Callable[[bytes], bytes]) -> Iterator[bytes | Act]:
    """Pass events on as they come, changed; what is no stream is passed on whole."""
    try:
        if not heard.is_stream:
            yield whole(heard, b"".join(heard.body))
            return
        yield STREAM_HEAD
        for event in heard.events():
            if said := change(event):
                yield piece(said)
        yield STREAM_END
    except BrokenError:
        yield Act.CUT


def whole(heard: Heard, body: bytes) -> bytes:
    """Return an answer whose length is told."""
    return response(body, status=f"{heard.status} Told", kind=heard.kind)


def changing(change: Callable[[bytes], bytes]) -> Gateway:
    """Return a gateway that changes events, and nothing else."""
    return relaying(lambda heard: changed(heard, change))


def replacing(old: bytes, new: bytes) -> Gateway:
    """Return a gateway that replaces a pattern in every event."""
    return changing(lambda event: re.sub(old, new, event))


HONEST = relaying(as_it_is)
DROPS_IDS = replacing(rb'"id":"call_[^"]*"', b'"id":null')
SPLITS_NAMES = replacing(
    rb'data: (.*)"name":"get_tide","arguments":""(.*)\n\n',
    rb'data: \1"name":"get_","arguments":""\2\n\n'
    rb'data: {"id":"chatcmpl-s2Vd9QQgm7AFCnZ5lulr5k97bkqM5","object":"chat.completion.chunk","created":1754339189,'
    rb'"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_186a6bad1e","choices":[{"index":0,'
    rb'"delta":{"tool_calls":[{"index":0,"function":{"name":"tide","arguments":""}}]},"logprobs":null,'
    rb'"finish_reason":null}]}\n\n',
)
JOINS_NAMES = changing(lambda event: event.replace(b'"get_t"', b'"get_tide"').replace(b',"name":"ide"', b""))
CHANGES_TIMES = replacing(rb'"created":[0-9]+(.*"finish_reason":"stop")', rb'"created":1\1')
REPAIRS_NULL_NAMES = replacing(rb'"name": ?null,|,"name": ?null', b"")
DROPS_FINISH = replacing(rb'"finish_reason":"[a-z_]+"', b'"finish_reason":null')
CHANGES_ARGUMENTS = replacing(rb"\bBre\b", b"Tri")
CHANGES_TEXT = replacing(rb'"content":" [a-z]+', rb'"content":" no')
DROPS_TEXT = replacing(rb'"content":"[^"]+"', b'"content":""')
DROPS_CALLS = replacing(rb'"tool_calls":\[.*?\}\}\],?', b"")
DROPS_CHOICE_1 = changing(lambda event: b"" if b'"choices":[{"index":1' in event else event)
DOUBLES_OBJECT = replacing(rb'"object":"chat.completion.chunk"', b'"object":"chunk"')
MERGES_FRAGMENTS = changing(
    lambda event: b"" if b'"arguments":"Bre"' in event else event.replace(b'"arguments":"st"', b'"arguments":"Brest"')
)
HIDES_ERRORS = changing(lambda event: b"data: [DONE]\n\n" if b'"error":{' in event else event)
ZEROES_USAGE = replacing(rb'_tokens":[0-9]+', b'_tokens":0')
DROPS_USAGE = changing(lambda event: b"" if b'"choices":[],' in event else event)
REWORDS_ERRORS = replacing(rb'"error":[{]"message":"[^"]*"', b'"error":{"message":"Oh"')
DROPS_ERRORS = changing(lambda event: b"" if b'"error":{' in event else event)
DROPS_LOGPROBS = replacing(rb'"logprobs":[{].*[}],"finish_reason"', b'"logprobs":null,"finish_reason"')
MISTAKES_IDS = replacing(rb'"id":"call_[^"]*"', b'"id":"call_vnptCk3O1DSiwIwsF5sJnLwX"')


@relaying
def buffering(heard: Heard) -> Iterator[bytes | Act]:
    """Wait for the end, then say all at once."""
    body = b"".join(heard.body)
    yield STREAM_HEAD + piece(body) + STREAM_END if heard.is_stream else whole(heard, body)


@relaying
def compressing(heard: Heard) -> Iterator[bytes | Act]:
    """Compress what it passes on, whatever its client said of that."""
    packer = zlib.compressobj(wbits=31)
    yield STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    for event in heard.events():
        yield piece(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH))
    yield piece(packer.flush()) + STREAM_END


_STOP = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
_SORRY = _STOP.replace(b'"delta":{}', b'"delta":{"role":"assistant","content":"Sorry"}')


def completed(heard: Heard) -> Iterator[bytes | Act]:
    """Make a whole stream of a broken one."""
    yield STREAM_HEAD
    try:
        for event in heard.events():
            yield piece(event)
    except BrokenError:
        yield piece(_STOP)
    yield STREAM_END


completing = relaying(completed)
IMPATIENT = relaying(completed, timeout=2.5)


@relaying
def closing(heard: Heard) -> Iterator[bytes | Act]:
    """End every body in order."""
    yield STREAM_HEAD
    try:
        for event in heard.events():
            yield piece(event)
    except BrokenError:
        pass
    yield STREAM_END


@relaying
def apologising(heard: Heard) -> Iterator[bytes | Act]:
    """Answer with a text where the upstream refuses."""
    if heard.status < 400:
        yield from as_it_is(heard)
    else:
        yield STREAM_HEAD + piece(_SORRY) + STREAM_END


@relaying
def failing(heard: Heard) -> Iterator[bytes | Act]:
    """Answer with an error of its own, whatever the upstream says."""
    list(heard.events())
    yield refusal("something went wrong", "500 Internal Server Error")


@relaying
def garbling(heard: Heard) -> Iterator[bytes | Act]:
    """Answer with what is no HTTP."""
    list(heard.events())
    yield b"OK, here it comes\r\n\r\n"


@relaying
def hanging(heard: Heard) -> Iterator[bytes | Act]:
    """Never answer."""
    list(heard.events())
    yield Act.SILENCE


def twice(port: int) -> Script:
    """Ask the upstream twice, and pass the second answer on."""
    honest = HONEST(port)

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "POST":
            with upstream(port, asked.body) as heard:
                list(heard.events())
        yield from honest(asked)

    return script


def warming(port: int) -> Script:
    """Hold the first answer back, and no other: a machine that was busy."""
    first, then = buffering(port), HONEST(port)
    asked_before: list[Asked] = []

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "POST":
            asked_before.append(asked)
        yield from (first if len(asked_before) == 1 else then)(asked)

    return script


def rewording(port: int) -> Script:
    """Ask the upstream in other words than it was asked."""
    honest = HONEST(port)
    return lambda asked: honest(Asked(asked.method, asked.path, asked.headers, b'{"messages":[]}'))


def refusing(port: int) -> Script:
    """Refuse by itself what wants more than one choice; pass all else on."""
    honest = HONEST(port)

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.json.get("n", 1) != 1:
            yield refusal("one choice is enough")
        else:
            yield from honest(asked)

    return script


def remembering(port: int) -> Script:
    """Ask the upstream once, and answer all that follows with the same."""
    known: list[bytes] = []
    lock = threading.Lock()

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "GET":
            yield _MODELS
            return
        with lock:
            if not known:
                with upstream(port, asked.body) as heard:
                    known.append(b"".join(heard.body))
        yield STREAM_HEAD + piece(known[0]) + STREAM_END

    return script


def alone(_: int) -> Script:
    """Answer all by itself."""

    def script(asked: Asked) -> Iterator[bytes | Act]:
        yield _MODELS if asked.method == "GET" else STREAM_HEAD + piece(_SORRY) + STREAM_END

    return script


def locked(_: int) -> Script:
    """Want a key."""
    return lambda _: [refusal("who are you", "401 Unauthorized")]


@dataclass(slots=True)
class _Pair:
    """Two requests that meet, and go on with each other's body."""

    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=10))
    bodies: list[bytes] = field(default_factory=list)


def swapping(port: int) -> Script:
    """Give each of two requests that come together the answer to the other."""
    pair = _Pair()
    honest = HONEST(port)

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "GET":
            yield _MODELS
            return
        pair.bodies.append(asked.body)
        pair.meeting.wait()
        other = next(body for body in pair.bodies if body != asked.body)
        yield from honest(Asked(asked.method, asked.path, asked.headers, other))

    return script
