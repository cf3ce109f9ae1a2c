"""One interaction of a vcrpy cassette to a recording; ours are such cassettes too. Files and the rest are elsewhere.

vcrpy keeps bodies that are not UTF-8 as bytes, so text is exact. Its old form for httpx decoded bodies and dropped what
was not UTF-8, which leaves no trace: such text is taken as it is. The serializer of pydantic-ai keeps JSON bodies
parsed, under `parsed_body`; event streams stay text.
"""

from __future__ import annotations

from collections.abc import Mapping

from deltaproof.cassette.fields import content, headers, mapping, status, text
from deltaproof.cassette.json_values import dumps, loads_object
from deltaproof.cassette.own import stream
from deltaproof.cassette.recording import Recording
from deltaproof.exchange import Fidelity, Head


def recording(value: object) -> Recording:
    """Read one entry of `interactions`."""
    interaction = mapping(value, "the interaction")
    request = mapping(interaction.get("request"), "request")
    response = mapping(interaction.get("response"), "response")
    body, fidelity = _response_body(response)
    told = stream(response.get("stream"), len(body))
    return Recording(
        body=body,
        head=_head(response),
        request=request_object(request),
        method=text(request.get("method")).upper(),
        url=text(request.get("uri")) or text(request.get("url")),
        reads=told.reads,
        end=told.end,
        fidelity=told.fidelity if fidelity is Fidelity.RAW else fidelity,
        scenario=told.scenario,
        answer=told.answer,
        sent=_sent(request),
        sent_headers=headers(request.get("headers"), "request.headers"),
        sent_at=told.sent_at,
        ended=told.ended,
        provenance=told.provenance,
    )


def request_object(request: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the JSON object that a request carried, or None if it carried something else."""
    match request:
        case {"parsed_body": dict(parsed)}:
            return parsed
        case _:
            return loads_object(_sent(request))


def _sent(request: Mapping[str, object]) -> bytes:
    """Return the bytes of a request's body, none where they were not kept."""
    match request:
        case {"body": str() | bytes() as body} | {"body": {"string": str() | bytes() as body}}:
            return content(body, "request.body")
        case _:
            return b""


def _head(response: Mapping[str, object]) -> Head | None:
    """Return status and headers; our own cassettes have a status of null where no response came."""
    match response:
        case {"status": {"code": None}, "stream": dict()}:
            return None
        case _:
            return Head(_status(response), headers(response.get("headers"), "response.headers"))


def _status(response: Mapping[str, object]) -> int:
    """Return the status: a mapping, a number, or under another key in the old form for httpx."""
    match response:
        case {"status": {"code": code}} | {"status": int(code)} | {"status_code": code}:
            return status(code, "response.status")
        case _:
            return status(None, "response.status")


def _response_body(response: Mapping[str, object]) -> tuple[bytes, Fidelity]:
    """Return a response's body and how much of the original bytes it keeps."""
    match response:
        case {"parsed_body": parsed}:
            return dumps(parsed), Fidelity.NORMALISED
        case {"body": dict(body)}:
            return content(body.get("string"), "response.body.string"), Fidelity.RAW
        case {"content": body} | {"body": body}:
            return content(body, "response.body"), Fidelity.RAW
        case _:
            return b"", Fidelity.RAW
