"""An exchange to a file that is the response's body, with its request and its head beside it. Reads nothing.

How a stream ended and when its parts came has no place there: a cassette keeps that.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from deltaproof.cassette.disk import remove_file, replace_file
from deltaproof.cassette.json_values import dumps
from deltaproof.cassette.paths import HEADERS, REQUEST
from deltaproof.cassette.scrub import DEFAULT, Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.exchange import Exchange, Head

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2: no pseudo-headers of HTTP/2


def write_stream(path: Path, exchange: Exchange, *, scrub: Scrub = DEFAULT) -> None:
    """Write a body to a file, and beside it NAME.request.json and NAME.headers, as far as they are known.

    What is there is replaced, and what is there of another request is removed. Secrets are taken out first.

    Raises `DeltaproofError` where the system refuses the file or its folder.
    """
    clean = Cleaner(scrub).exchange(exchange)
    replace_file(path, clean.body)
    request = clean.sent or (dumps(dict(clean.request)) if clean.request is not None else b"")
    for ending, content in ((REQUEST, request), (HEADERS, _head(clean.head) if clean.head else b"")):
        beside = path.with_name(path.stem + ending)
        if content:
            replace_file(beside, content)
        else:
            remove_file(beside)


def _head(head: Head) -> bytes:
    """Return status line and headers as `curl -D` writes them."""
    phrase = HTTPStatus(head.status).phrase if head.status in set(HTTPStatus) else ""
    lines = [
        f"HTTP/1.1 {head.status} {phrase}",
        *(f"{name}: {value}" for name, value in head.headers if _NAME.fullmatch(name)),
    ]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", errors="replace")
