"""Which request goes where on the upstream, into which cassette, and what is refused. Opens nothing.

/v1/chat/completions                -> the upstream's base path, into cassette.yaml
/scenario/two-calls/v1/models       -> the same, into two-calls.yaml
/health                             -> as it is, into cassette.yaml
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from deltaproof.cassette.journal import is_cassette_name
from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.cassette.scrub_rules import SHORTEST, is_placeholder
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.record.upstream import Origin

CASSETTE = "cassette"
"""Where all goes that is for no scenario."""

_KEPT_SHAPES = SNAPSHOT.removesuffix(".yaml")
_BASE = re.compile(r"/v1(?=/|$)")
_SCENARIO = re.compile(r"/scenario/([^/]*)(?=/|$)")
_KEY = re.compile(r"(?:.*-)?authorization|.*(?:api-?key|token|secret).*", re.IGNORECASE)
_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """What to ask the upstream for.

    Attributes:
        cassette: the stem of the file that it is recorded in.
        scenario: the name from the path, empty where it has none.
        target: path and query.
    """

    cassette: str
    scenario: str
    target: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not relayed, and the status to say so with."""

    status: HTTPStatus
    why: str


def find_route(incoming: Incoming, origin: Origin, own: frozenset[str]) -> Route | Refusal:
    """Return where a request goes, or why nowhere; `own` are the authorities by which clients call the proxy."""
    target = incoming.target
    if incoming.method == "CONNECT":
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"this proxy records {origin.url} only and opens no tunnels")
    if not target.startswith(("/", "*")):
        authority, slash, rest = target.partition("://")[2].partition("/")
        if not target.lower().startswith("http://") or authority.lower() not in own:
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"this proxy records {origin.url} only")
        target = slash + rest or "/"
    if incoming.get("upgrade") is not None:
        return Refusal(HTTPStatus.NOT_IMPLEMENTED, "this proxy records HTTP/1.1 only and upgrades no connections")
    if origin.in_the_clear and (name := _key(incoming)):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            f"a key is not sent over plain http to another machine, and the header {name!r} seems to hold one:"
            f" use https for {origin.url}, or, if it needs no key, send one of fewer than {SHORTEST} characters",
        )
    path, mark, query = target.partition("?")
    query = "&".join(part for part in (query, origin.query) if part)
    scenario = ""
    if told := _SCENARIO.match(path):
        scenario, path = told[1], path[told.end() :]
        if not is_cassette_name(scenario):
            return Refusal(
                HTTPStatus.NOT_FOUND,
                f"{scenario!r} is no name for a scenario: it takes up to 100 letters, digits and . _ -, and begins"
                " with one of the first two",
            )
        if scenario.lower() == _KEPT_SHAPES:
            return Refusal(
                HTTPStatus.NOT_FOUND,
                f"{scenario!r} is no name for a scenario: {SNAPSHOT} beside recordings is the file of their shapes",
            )
    if base := _BASE.match(path):
        path = origin.path + path[base.end() :]
    return Route(scenario or CASSETTE, scenario, (path or "/") + (f"?{query}" if query else mark))


def _key(incoming: Incoming) -> str:
    """Name the header of a request that holds a key, or return nothing."""
    for name, value in incoming.headers:
        key = _SCHEME.sub("", value.strip())
        if _KEY.fullmatch(name) and len(key) >= SHORTEST and not is_placeholder(key):
            return name
    return ""


def sent_headers(incoming: Incoming, origin: Origin) -> tuple[tuple[str, str], ...]:
    """Return the headers to send: Host is the upstream's, the key ours if we have one, all else the client's.

    What the client awaited before it sent the body, it has got: the upstream need not say it again.
    """
    ours = ("expect", "authorization") if origin.key else ("expect",)
    key = (("Authorization", f"Bearer {origin.key}"),) if origin.key else ()
    return (
        *(
            (name, origin.authority if name.lower() == "host" else value)
            for name, value in incoming.headers
            if name.lower() not in ours
        ),
        *key,
    )


def framed(incoming: Incoming, origin: Origin, target: str) -> bytes:
    """Return the request to send, byte for byte; a body that came in chunks goes on in one."""
    lines = [f"{incoming.method} {target} HTTP/{incoming.version}"]
    lines += [f"{name}: {value}" for name, value in sent_headers(incoming, origin)]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    body = incoming.body
    if "chunked" not in (incoming.get("transfer-encoding") or "").lower():
        return head + body
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
