"""One interaction of a ruby-vcr cassette to a recording; betamax and R's vcr write the same. Files are elsewhere."""

from __future__ import annotations

import codecs

from deltaproof.cassette.fields import content, from_base64, headers, mapping, status, text
from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.recording import Recording
from deltaproof.exchange import Head


def recording(value: object) -> Recording:
    """Read one entry of `http_interactions`."""
    interaction = mapping(value, "the interaction")
    request = mapping(interaction.get("request"), "request")
    response = mapping(interaction.get("response"), "response")
    code = response.get("status")
    return Recording(
        body=_body(response.get("body"), "response.body"),
        head=Head(
            status(code.get("code") if isinstance(code, dict) else code, "response.status"),
            headers(response.get("headers"), "response.headers"),
        ),
        request=loads_object(_body(request.get("body"), "request.body")),
        method=text(request.get("method")).upper(),
        url=text(request.get("uri")),
    )


def _body(value: object, name: str) -> bytes:
    """Return a body: text in the encoding that Ruby took it for, or base64."""
    match value:
        case {"base64_string": encoded}:
            return from_base64(encoded, f"{name}.base64_string")
        case {"string": str(written), "encoding": str(encoding)}:
            return _encoded(written, encoding)
        case dict():
            return content(value.get("string"), f"{name}.string")
        case _:
            return content(value, name)


def _encoded(written: str, encoding: str) -> bytes:
    """Turn YAML's text back into the bytes that were received.

    Ruby writes strings as UTF-8 whatever their encoding, and those that have none (ASCII-8BIT) only if they are ASCII.
    """
    try:
        return written.encode(codecs.lookup(encoding).name)
    except (LookupError, UnicodeEncodeError):
        return content(written, "the body")
