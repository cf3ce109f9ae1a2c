"""The entries of a HAR file to recordings; browsers, proxies and Polly.JS write them. Files are elsewhere.

Browsers decode text before they write it: bytes that were no UTF-8 are U+FFFD by then, and so are those that a server
sent as U+FFFD. A body that has one is therefore not the server's own bytes for certain.
"""

from __future__ import annotations

from collections.abc import Mapping

from deltaproof.cassette.fields import content, from_base64, headers, listing, mapping, status, text
from deltaproof.cassette.json_values import loads, loads_object
from deltaproof.cassette.recording import Recording
from deltaproof.exchange import End, Fidelity, Head

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()
_ABORTED = "net::ERR_ABORTED"  # Chrome's word for a page that hung up


def recording(value: object) -> Recording:
    """Read one of `log.entries`.

    A browser does not keep every body: None where the text is absent and the sizes do not say that there was none.
    """
    entry = mapping(value, "the entry")
    request = mapping(entry.get("request"), "request")
    response = mapping(entry.get("response"), "response")
    kept = mapping(response.get("content") or {}, "response.content")
    code = response.get("status")  # 0 where a request was never answered
    body = _body(kept)
    if body is None and kept.get("size") == 0 and response.get("bodySize") == 0:
        body = b""
    decoded = kept.get("encoding") != "base64"
    posted = request.get("postData")
    failure = text(response.get("_error"))
    return Recording(
        body=body if code else None,
        head=_head(response) if code else None,
        request=loads_object(content(posted.get("text"), "postData.text")) if isinstance(posted, dict) else None,
        method=text(request.get("method")).upper(),
        url=text(request.get("url")),
        end=(End.CLIENT_GONE if failure == _ABORTED else End.CUT) if failure else End.EOF,
        fidelity=Fidelity.NORMALISED if decoded and _REPLACEMENT in (body or b"") else Fidelity.RAW,
    )


def _head(response: Mapping[str, object]) -> Head:
    """Return the head of a response."""
    return Head(status(response.get("status"), "response.status"), headers(response.get("headers"), "response.headers"))


def _body(kept: Mapping[str, object]) -> bytes | None:
    """Return a body, or None if it was not kept; Polly.JS writes compressed ones as a JSON list of base64 pieces."""
    written = kept.get("text")
    if written is None:
        return None
    if kept.get("encoding") != "base64":
        return content(written, "response.content.text")
    pieces = loads(written) if isinstance(written, str) and written.startswith("[") else [written]
    return b"".join(from_base64(piece, "a piece of the body") for piece in listing(pieces, "response.content.text"))
