"""One mock of httpmock, as its recorder writes them, to a recording. Files are elsewhere."""

from __future__ import annotations

from deltaproof.cassette.fields import content, from_base64, headers, listing, mapping, status, text
from deltaproof.cassette.json_values import dumps, loads_object
from deltaproof.cassette.recording import Recording
from deltaproof.exchange import Fidelity, Head


def recording(when: object, then: object) -> Recording:
    """Read a request that was matched, `when`, and its answer, `then`.

    A body is text if it was UTF-8 and base64 otherwise; written by hand it can also be `json_body`, or stand in a file
    beside, which is not opened. Without a status, a mock answers 200, but what the server answered is not known.
    """
    request = mapping(when, "when")
    response = mapping(then, "then")
    body = response.get("body")
    fidelity = Fidelity.RAW
    kept: bytes | None
    match response:
        case {"body_base64": encoded}:
            kept = from_base64(encoded, "then.body_base64")
        case {"json_body": parsed} if body is None:
            kept, fidelity = dumps(parsed), Fidelity.NORMALISED
        case {"body_from_file": _} if body is None:
            kept = None
        case _:
            kept = content(body, "then.body")
    code = response.get("status")
    fields = headers(response.get("header"), "then.header")
    asked = request.get("json_body")
    return Recording(
        body=kept,
        head=None if code is None else Head(status(code, "then.status"), fields),
        request=asked if isinstance(asked, dict) else loads_object(_request_body(request)),
        method=text(request.get("method")).upper(),
        url=_url(request),
        fidelity=fidelity,
    )


def _request_body(request: object) -> bytes:
    """Return the body that a request must have had."""
    match request:
        case {"body_base64": encoded}:
            return from_base64(encoded, "when.body_base64")
        case {"body": body}:
            return content(body, "when.body")
        case _:
            return b""


def _url(request: object) -> str:
    """Put the address together again; a recorder that was a proxy for one server leaves out which."""
    fields = mapping(request, "when")
    host = text(fields.get("host"))
    pairs = [mapping(pair, "when.query_param") for pair in listing(fields.get("query_param") or [], "when.query_param")]
    query = "&".join(f"{text(pair.get('name'))}={text(pair.get('value'))}" for pair in pairs)
    start = f"{text(fields.get('scheme')) or 'http'}://{host}" if host else ""
    return start + text(fields.get("path")) + (f"?{query}" if query else "")
