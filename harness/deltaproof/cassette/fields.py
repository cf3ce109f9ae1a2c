"""Values as YAML and JSON give them to the parts of a recording. Knows no format: what is where is said by its callers.

Each function raises `UnreadableError` without a place, which the caller knows.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from deltaproof.errors import UnreadableError

_KINDS = {bool: "a truth value", int: "a number", float: "a number", str: "text", bytes: "bytes", list: "a list"}


def mapping(value: object, name: str) -> Mapping[str, object]:
    """Return the mapping that `value` is."""
    if isinstance(value, dict):
        return value
    raise UnreadableError(f"{name} is {kind(value)}, not a mapping")


def listing(value: object, name: str) -> Sequence[object]:
    """Return the list that `value` is."""
    if isinstance(value, list):
        return value
    raise UnreadableError(f"{name} is {kind(value)}, not a list")


def text(value: object) -> str:
    """Return `value` if it is text, and otherwise nothing: for fields that may be absent."""
    return value if isinstance(value, str) else ""


def kind(value: object) -> str:
    """Name what a value is, for an error's sentence."""
    return "missing" if value is None else _KINDS.get(type(value), "a mapping")


def content(value: object, name: str) -> bytes:
    """Return the bytes of a body: text as UTF-8, bytes as they are, nothing for null.

    A lone surrogate, which JSON can hold and UTF-8 cannot, becomes U+FFFD.
    """
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            try:
                return value.encode()
            except UnicodeEncodeError:
                return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        case _:
            raise UnreadableError(f"{name} is {kind(value)}, not text")


def from_base64(value: object, name: str) -> bytes:
    """Return the bytes that base64 text stands for; line breaks in it do not matter."""
    try:
        return base64.b64decode(b"".join(content(value, name).split()), validate=True)
    except binascii.Error as error:
        raise UnreadableError(f"{name} is not base64: {str(error).lower()}") from error


def headers(value: object, name: str) -> tuple[tuple[str, str], ...]:
    """Return header names and values in order, repeats kept.

    They are written as a mapping of names to a value or to a list of values, or as a list of `name`, `value` mappings.
    HTTP/2's pseudo-headers, which some browsers list, are left out.
    """
    match value:
        case None:
            return ()
        case dict():
            return tuple(_from_mapping(value, name))
        case list():
            return tuple(_from_pairs(value, name))
        case _:
            raise UnreadableError(f"{name} is {kind(value)}, neither a mapping nor a list")


def _from_mapping(value: Mapping[str, object], name: str) -> Iterator[tuple[str, str]]:
    """Yield one pair for each value of each name."""
    for key, values in value.items():
        for one in values if isinstance(values, list) else [values]:
            yield key, _header_value(one, f"{name}.{key}")


def _from_pairs(value: Sequence[object], name: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs that stand in a list."""
    for pair in value:
        entry = mapping(pair, f"an entry of {name}")
        key = text(entry.get("name"))
        if key and not key.startswith(":"):
            yield key, _header_value(entry.get("value"), f"{name}.{key}")


def _header_value(value: object, name: str) -> str:
    """Return a header's value as text; an unquoted number is what YAML makes of `content-length: 12`."""
    match value:
        case str():
            return value
        case bytes():
            return value.decode("latin-1")
        case int() | float():
            return str(value)
        case None:
            return ""
        case _:
            raise UnreadableError(f"{name} is {kind(value)}, not text")


def status(value: object, name: str) -> int:
    """Return a status code: a number, or text that begins with one, as in `200 OK`."""
    code = value.split(maxsplit=1)[0] if isinstance(value, str) and value.strip() else value
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    if isinstance(code, int) and 100 <= code <= 999:  # noqa: PLR2004 - RFC 9110, 15: three digits
        return code
    raise UnreadableError(f"{name} is {kind(value)}, not a status code: the recording is cut short or damaged")
