"""Exchanges as the text of a cassette: VCR's format by vcrpy's own serializer. How it is laid out is in layout.py.

What VCR's format has no place for is under `response.stream`, which own.py reads and `specs/schemas/cassette.json`
describes. No secret is taken out here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from deltaproof.cassette.layout import HIDDEN, laid_out
from deltaproof.exchange import Exchange, Read

BEGIN, END, EMPTY = b"interactions:\n", b"version: 1\n", b"interactions: []\nversion: 1\n"
"""What stands before and after the entries of a cassette, and what one is that has none."""


def cassette_text(exchanges: Sequence[Exchange], provenance: Mapping[str, str]) -> str:
    """Return the text of a cassette; what an exchange says of where it is from counts more than `provenance`."""
    from vcr.serializers import yamlserializer  # here, since vcrpy imports every HTTP client that is installed

    interactions = [_interaction(exchange, provenance) for exchange in exchanges]
    text: str = yamlserializer.serialize({"version": 1, "interactions": interactions})
    return laid_out(text, [(list(_headers(_sent_headers(one))), list(_headers(_head(one)))) for one in exchanges])


def _interaction(exchange: Exchange, provenance: Mapping[str, str]) -> dict[str, object]:
    """Return what vcrpy would make of a request and its response, in the types of YAML."""
    from vcr.serializers.compat import convert_to_unicode

    return {
        "request": convert_to_unicode(_request(exchange)),
        "response": convert_to_unicode(_response(exchange, provenance)),
    }


def _sent_headers(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the request's headers.

    Where they are not known there is what vcrpy needs to compare bodies as JSON, which it must not do with others.
    """
    known = exchange.sent_headers or exchange.request is None
    return exchange.sent_headers if known else (("content-type", "application/json"),)


def _head(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the response's headers."""
    return exchange.head.headers if exchange.head else ()


def _request(exchange: Exchange) -> dict[str, object]:
    """Return the request: the bytes that were sent, or JSON for them where only the object is known."""
    body = exchange.sent or (_object_text(exchange.request) if exchange.request is not None else None)
    return {
        "method": exchange.method,
        "uri": exchange.url,
        "body": body,
        "headers": _headers(_sent_headers(exchange)),
    }


def _object_text(value: Mapping[str, object]) -> str:
    """Write a JSON object with a line for each member, and for each message, tool and choice."""
    members = ",\n".join(f"  {_json(name)}: {_member(member)}" for name, member in value.items())
    return f"{{\n{members}\n}}" if members else "{}"


def _member(value: object) -> str:
    """Write a member's value: a list of objects on several lines, all else on one."""
    match value:
        case [*elements] if any(isinstance(element, dict) for element in elements):
            return "[\n" + ",\n".join(f"    {_json(element)}" for element in elements) + "\n  ]"
        case _:
            return _json(value)


def _json(value: object) -> str:
    """Write a value on one line, what a literal block cannot show escaped as JSON has it."""
    return HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _response(exchange: Exchange, provenance: Mapping[str, str]) -> dict[str, object]:
    """Return the response; where none came, its status is null."""
    status = None if exchange.head is None else exchange.head.status
    return {
        "status": {"code": status, "message": _phrase(status)},
        "headers": _headers(_head(exchange)),
        "body": {"string": exchange.body},
        "stream": _stream(exchange, provenance),
    }


def _phrase(status: int | None) -> str:
    """Return the reason phrase of a status, which vcrpy wants and an exchange has not."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each header name, in order."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _stream(exchange: Exchange, provenance: Mapping[str, str]) -> dict[str, object]:
    """Return what stands under `response.stream`."""
    from importlib.metadata import version

    told = {name: value for name, value in {**provenance, **exchange.provenance}.items() if value}
    known = {
        "deltaproof": version("deltaproof"),
        **_model(exchange),
        **({} if told.get("server") else _server(exchange)),
    }
    known |= told
    known |= {"date": _date(exchange.sent_at)} if exchange.sent_at else {}
    known |= {"scenario": exchange.scenario} if exchange.scenario else {}
    fields: dict[str, object] = {
        "end": exchange.end.value,
        "fidelity": exchange.fidelity.value,
        "provenance": {key: value for key, value in known.items() if value},
    }
    if exchange.answer is not None:
        fields["answer"] = _object_text(exchange.answer)
    if exchange.ended is not None:
        fields["ended"] = _number(exchange.ended)
    return fields | ({"reads": [_read(read) for read in exchange.reads]} if exchange.reads else {})


def _server(exchange: Exchange) -> dict[str, str]:
    """Return what a response says of who sent it; RFC 9110, 10.2.4."""
    name, _, version = ((exchange.head.get("server") if exchange.head else None) or "").partition("/")
    return {"server": name.strip(), "version": version.partition(" ")[0]} if name.strip() else {}


def _model(exchange: Exchange) -> dict[str, str]:
    """Return which model was asked for."""
    model = (exchange.request or {}).get("model")
    return {"model": model} if isinstance(model, str) else {}


def _date(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601 has it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(read: Read) -> str:
    """Write milliseconds and bytes."""
    return f"{_milliseconds(read.at)} {read.size}"


def _number(at: float) -> int | float:
    """Return milliseconds as a number that is written as it is in a read."""
    written = _milliseconds(at)
    return float(written) if "." in written else int(written)


def _milliseconds(at: float) -> str:
    """Write seconds as milliseconds; an answer that came before the request was out came at 0."""
    return f"{max(at, 0) * 1000:.6f}".rstrip("0").rstrip(".")
