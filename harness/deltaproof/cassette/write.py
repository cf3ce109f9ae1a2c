"""Exchanges to a cassette: VCR's format by vcrpy's own serializer, and the file. How it is laid out is in layout.py.

What VCR's format has no place for is under `response.stream`, which own.py reads and `specs/schemas/cassette.json`
describes. vcrpy reads files in the locale's encoding: where that is not UTF-8, Python needs `PYTHONUTF8=1` for it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from deltaproof.cassette.layout import HIDDEN, laid_out
from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub import scrubbed, scrubbed_url
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange, Head, Read

if TYPE_CHECKING:
    from vcr.request import Request


def write_cassette(path: Path, exchanges: Sequence[Exchange], *, provenance: Mapping[str, str]) -> None:
    """Write exchanges to a file, in order; its folder is made, and what is there is replaced whole or not at all.

    Bodies are written as they are given: best as they were sent, content encoding and all, with the sizes that the
    reads then had. Times are kept to the nanosecond, headers as sent, the values of one name together. `provenance`
    says for people where all this is from: server, version; added are deltaproof's version, and where they are known
    when an exchange's request was sent, and for which scenario.

    Raises `DeltaproofError` where the system refuses the file or its folder.
    """
    _replace(path, _text(exchanges, provenance).encode())


def _text(exchanges: Sequence[Exchange], provenance: Mapping[str, str]) -> str:
    """Return the file's text."""
    from vcr.serialize import serialize  # here, since vcrpy imports every HTTP client that is installed
    from vcr.serializers import yamlserializer

    heads = [scrubbed(exchange.head) if exchange.head else None for exchange in exchanges]
    cassette = {
        "requests": [_request(exchange) for exchange in exchanges],
        "responses": [_response(exchange, head, provenance) for exchange, head in zip(exchanges, heads, strict=True)],
    }
    text: str = serialize(cassette, yamlserializer)
    return laid_out(text, [list(_headers(head)) for head in heads])


def _request(exchange: Exchange) -> Request:
    """Return vcrpy's request: the bytes that were sent, or JSON for them where only the object is known.

    Of its headers there is only what vcrpy needs to compare bodies as JSON, which it must not do with others.
    """
    from vcr.request import Request

    is_json = exchange.request is not None
    body = exchange.sent or (_object_text(exchange.request) if exchange.request is not None else None)
    return Request(
        exchange.method, scrubbed_url(exchange.url), body, {"content-type": "application/json"} if is_json else {}
    )


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


def _response(exchange: Exchange, head: Head | None, provenance: Mapping[str, str]) -> dict[str, object]:
    """Return vcrpy's response; where none came, its status is null."""
    status = None if head is None else head.status
    return {
        "status": {"code": status, "message": _phrase(status)},
        "headers": _headers(head),
        "body": {"string": exchange.body},
        "stream": _stream(exchange, provenance),
    }


def _phrase(status: int | None) -> str:
    """Return the reason phrase of a status, which vcrpy wants and an exchange has not."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _headers(head: Head | None) -> dict[str, list[str]]:
    """Return the values of each header name, in order."""
    values: dict[str, list[str]] = {}
    for name, value in head.headers if head else ():
        values.setdefault(name, []).append(value)
    return values


def _stream(exchange: Exchange, provenance: Mapping[str, str]) -> dict[str, object]:
    """Return what stands under `response.stream`."""
    from importlib.metadata import version

    known = {"deltaproof": version("deltaproof"), **provenance}
    known |= {"date": _date(exchange.sent_at)} if exchange.sent_at else {}
    known |= {"scenario": exchange.scenario} if exchange.scenario else {}
    fields: dict[str, object] = {
        "end": exchange.end.value,
        "fidelity": exchange.fidelity.value,
        "provenance": {key: value for key, value in known.items() if value},
    }
    if exchange.answer is not None:
        fields["answer"] = _object_text(exchange.answer)
    return fields | ({"reads": [_read(read) for read in exchange.reads]} if exchange.reads else {})


def _date(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601 has it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(read: Read) -> str:
    """Write milliseconds and bytes; an answer that came before the request was out came at 0."""
    milliseconds = f"{max(read.at, 0) * 1000:.6f}".rstrip("0").rstrip(".")
    return f"{milliseconds} {read.size}"


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside `path`, and put it in its place once it is complete and on the disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(error, "the folder cannot be made", path.parent) from error
    beside = path.parent / f".{os.urandom(8).hex()}.tmp"
    try:
        try:
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(error, "the cassette cannot be written", path) from error


def _refused(error: OSError, what: str, path: Path) -> DeltaproofError:
    """Return the error for what the system refused."""
    return DeltaproofError(f"{what}: {error.strerror or error}", where=named(path), hint=_hint(error))


def _hint(error: OSError) -> str:
    """Say what to do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "Make room, or write to another disk"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "Choose a folder that you may write to"
        case errno.EEXIST | errno.ENOTDIR | errno.EISDIR:
            return "Move away what is there, or choose another path"
        case _:
            return "Choose another path"
