"""One interaction of a go-vcr cassette, versions 1 to 4 of the recorder, to a recording. Files are elsewhere.

Go's client undoes gzip by itself and removes the header; go-vcr writes bodies that are not UTF-8 as `!!binary`.
"""

from __future__ import annotations

from deltaproof.cassette.fields import content, headers, mapping, status, text
from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.recording import Recording
from deltaproof.exchange import Head


def recording(value: object) -> Recording:
    """Read one entry of `interactions`."""
    interaction = mapping(value, "the interaction")
    request = mapping(interaction.get("request"), "request")
    response = mapping(interaction.get("response"), "response")
    code = response.get("code")
    return Recording(
        body=content(response.get("body"), "response.body"),
        head=Head(
            status(response.get("status") if code is None else code, "response.code"),
            headers(response.get("headers"), "response.headers"),
        ),
        request=loads_object(content(request.get("body"), "request.body")),
        method=text(request.get("method")).upper(),
        url=text(request.get("url")),
    )
