"""One exchange on a shelf, with what it is found by: method, path below the base, body, and names of scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from urllib.parse import urlsplit

from deltaproof.cassette.difference import canonical
from deltaproof.cassette.json_values import loads, loads_object
from deltaproof.cassette.page_file import is_recovered
from deltaproof.cassette.scrub import SCRUBBED
from deltaproof.exchange import Exchange

CHAT = "/chat/completions"

_VERSION = re.compile(r".*?/v[0-9]+[a-z0-9]*(?=/|\Z)")
_MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')
_BEGINNING = 4096  # bytes of a response in which its model is looked for


class Entry:
    """An exchange with what it is found by.

    Attributes:
        given: how often it has answered a request.
        method, path: of the requests that it answers, the path below the base.
        scenarios: the names of scenarios that it belongs to.
    """

    __slots__ = ("exchange", "given", "method", "path", "scenarios")

    def __init__(self, exchange: Exchange) -> None:
        """Put it on the shelf."""
        self.exchange = exchange
        self.given = 0
        self.method = exchange.method or "POST"
        self.path = below_base(_path(exchange.url)) if exchange.url else CHAT
        self.scenarios = frozenset(_names(exchange))

    @property
    def is_known(self) -> bool:
        """Whether it is known what was sent: a body, or none because nothing is sent with this method."""
        exchange = self.exchange
        return bool(exchange.sent) or exchange.request is not None or exchange.method not in ("", "POST")

    @property
    def body(self) -> bytes:
        """What was sent, or JSON that says the same."""
        exchange = self.exchange
        return exchange.sent or (b"" if exchange.request is None else canonical(exchange.request) or b"")

    @property
    def asked(self) -> object:
        """What was sent, as a JSON value or text."""
        exchange = self.exchange
        if exchange.request is not None:
            return exchange.request
        value = loads(exchange.sent)
        return exchange.sent.decode(errors="replace") if value is None else value

    @property
    def is_scrubbed(self) -> bool:
        """Whether a part of what was sent was a secret."""
        return self.is_known and SCRUBBED.encode() in self.body

    @property
    def is_recovered(self) -> bool:
        """Whether it is no more than what had come when its recorder was killed."""
        return is_recovered(self.exchange)

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for, or was sent where the request is not known."""
        exchange = self.exchange
        if exchange.request is not None:
            return exchange.request.get("stream") is True
        declared = exchange.head.get("content-type") if exchange.head else None
        if declared is not None:
            return declared.lower().startswith("text/event-stream")
        return loads_object(exchange.body) is None

    @property
    def model(self) -> str:
        """The model that was asked for, or that answered."""
        if self.exchange.request is not None:
            asked = self.exchange.request.get("model")
            return asked if isinstance(asked, str) else ""
        answered = _MODEL.search(self.exchange.body[:_BEGINNING]) if self.path == CHAT else None
        return answered[1].decode(errors="replace") if answered else ""


def below_base(path: str) -> str:
    """Return what of a path is below an API's base: all after its version, which servers and gateways prefix."""
    path = path.rstrip("/")
    return CHAT if path.endswith(CHAT) else _VERSION.sub("", path, count=1) or "/"


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _names(exchange: Exchange) -> Iterator[str]:
    """Yield the names by which a scenario is asked for: its own, and that of its file, also with the folder's."""
    if exchange.scenario:
        yield exchange.scenario
    file = PurePath(exchange.source)
    if file.stem:
        yield file.stem
        if file.parent.name:
            yield f"{file.parent.name}/{file.stem}"
