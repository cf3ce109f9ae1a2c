"""What a gateway is given, and what came of it: shapes only."""

from __future__ import annotations

from dataclasses import dataclass

from deltaproof.accumulate.answers import Broken
from deltaproof.checking import Judged


@dataclass(frozen=True, slots=True)
class Given:
    """One recording as a gateway is given it.

    Attributes:
        name: what the operator calls it.
        origin: the name of the recording that it is, or that it was broken out of.
        fault: the name of the fault by which it was broken, None where it is as recorded.
        body: the request to send, byte for byte.
        marked: whether the request has a marker; one that has none must be under way alone.
        judged: what the upstream answers, and what is known of that by all that a server's own bytes prove.
    """

    name: str
    origin: str
    fault: str | None
    body: bytes
    marked: bool
    judged: Judged


@dataclass(frozen=True, slots=True)
class Passage:
    """One recording sent through a gateway.

    Attributes:
        given: what went in.
        came: what came out, None where there was no response.
        broken: why there was none, None where there was one.
        asked: how often the gateway asked its upstream for it.
        asked_after: the seconds from asking the gateway to its asking the upstream, None where either did not happen.
        added: the seconds from writing the first fragment to having it, None where either did not happen.
        held: whether the first fragment came out only after the upstream, which waited for that, had said more.
        slow: whether that was so at first, and not when it was asked for once more, alone and with more patience.
        waited: the seconds of silence after which our client left, None where the gateway came to an end by itself.
        strangers: the names of the recordings whose markers came out instead.
    """

    given: Given
    came: Judged | None
    broken: Broken | None = None
    asked: int = 1
    asked_after: float | None = None
    added: float | None = None
    held: bool = False
    slow: bool = False
    waited: float | None = None
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passages:
    """All that was sent through one gateway.

    Attributes:
        gateway, upstream: their base URLs.
        server: what the gateway says that it is; empty where it does not.
        profile, provider: by which all was judged.
        passages: in the order of the recordings.
        unsent: the names of those that were not sent.
        why_unsent: why they were not; empty where all were.
        strays: what the upstream was asked that belongs to no recording, how often each.
        seconds: how long it took.
    """

    gateway: str
    upstream: str
    server: str
    profile: str
    provider: str | None
    passages: tuple[Passage, ...]
    unsent: tuple[str, ...]
    why_unsent: str
    strays: dict[str, int]
    seconds: float
