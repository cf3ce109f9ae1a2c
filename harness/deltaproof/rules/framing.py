"""Rules about how events are written: encoding, lines, fields, and that each is one JSON text. Not what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deltaproof.rules.rule import Deviation, event_place, rule
from deltaproof.sse import Event
from deltaproof.stream import Kind, Payload, Problem
from deltaproof.stream.strict import json_text, parse


def is_whole_body(event: Event) -> bool:
    """Tell whether it is no event at all but a body of JSON or HTML, which `http-content-type` looks at."""
    lines = event.layout.unknown
    is_alone = event.number == 1 and event.data is None and not event.layout.closed
    return is_alone and bool(lines) and lines[0].lstrip()[:1] in (b"{", b"[", b"<")


def _is_joined(event: Event) -> bool:
    """Tell whether the first of several data lines is a JSON document by itself."""
    return event.layout.data_lines > 1 and parse((event.data or b"").partition(b"\n")[0]).value is not None


def _is_error_line(line: bytes) -> bool:
    """Tell whether a line without the data field tells of a failure, which `error-event` looks at."""
    name, _, rest = line.partition(b":")
    value = parse(rest if name == b"error" else line).value
    return isinstance(value, dict) and bool(name == b"error" or value.get("error"))


def _too_large(event: Event) -> str:
    return f"an event of {event.end - event.offset:,} bytes is over the limit, and its data was not looked at"


@rule("sse-utf8", each=Payload)
def utf8(payload: Payload) -> Iterator[Deviation]:
    """Ask the decoder about bytes and byte order marks, and the parser about halves of characters."""
    if payload.problem is Problem.NOT_UTF8:
        yield Deviation("not-utf8", payload.place, payload.detail)
    elif not payload.event.layout.utf8:
        yield Deviation("not-utf8", payload.place, "a line beside the data is not UTF-8")
    if payload.event.layout.bom:
        yield Deviation("bom", payload.place, "a byte order mark stands before the event")
    if payload.problem is Problem.LONE_SURROGATE:
        yield Deviation("lone-surrogate", payload.place, payload.detail)
    if payload.replaced and payload.value is not None and "\ufffd" in json_text(payload.value):
        yield Deviation("replacement", payload.place, "a string holds U+FFFD, which a cut character leaves behind")


@rule("sse-framing", each=Event, when=lambda event: not is_whole_body(event))
def framing(event: Event) -> Iterator[Deviation]:
    """Look at how the event ends, and whether its line ends are those of the stream."""
    place, layout = event_place(event), event.layout
    if layout.oversized:
        yield Deviation("oversized", place, _too_large(event))
    elif _is_joined(event):
        yield Deviation("joined", place, f"no empty line stands between {layout.data_lines} data lines, each an event")
    elif not layout.closed and event.data is not None and event.data.strip() == b"[DONE]":
        yield Deviation("unterminated-done", place, "the body ends before the empty line after [DONE]")
    elif not layout.closed:
        yield Deviation("unterminated", place, "the body ends before the event does: no empty line closes it")
    if layout.newline == "mixed":
        yield Deviation("mixed", place, "its line ends differ from those that the stream began with")


@rule("sse-data-only", each=Event, when=lambda event: not is_whole_body(event))
def data_only(event: Event) -> Iterator[Deviation]:
    """Look for fields beside the data; `event: error` is one that clients know."""
    place, layout = event_place(event), event.layout
    if event.data:
        named = {"event": layout.name if layout.name != "error" else None, "id": layout.id, "retry": layout.retry}
        shown = [f"{field}: {value}" for field, value in named.items() if value is not None]
        if shown:
            yield Deviation("field", place, f"beside the data stands {' and '.join(map(repr, shown))}")
    for line in layout.unknown:
        if _is_error_line(line):
            continue
        text = line[:60].decode(errors="replace")
        if line.lstrip().startswith((b"{", b"data:")):
            yield Deviation("unprefixed", place, f"a chunk stands on a line that is no data line: {text!r}", text)
        else:
            yield Deviation("unknown", place, f"the line {text!r} has no field name that the standard knows", text)


@rule("sse-no-empty-event", each=Event, when=lambda event: event.layout.closed)
def no_empty_event(event: Event) -> Iterator[Deviation]:
    """Look for data that is empty, and for blocks of other known fields without any."""
    layout = event.layout
    if event.data == b"":
        yield Deviation("empty", event_place(event), "its data is empty")
    elif event.data is None and not layout.unknown and not layout.oversized:
        named = {"event": layout.name, "id": layout.id, "retry": layout.retry}
        fields = " and ".join(name for name, value in named.items() if value is not None)
        yield Deviation("no-data", event_place(event), f"it has {fields} and no data")


@rule("sse-data-json", each=Payload, when=lambda payload: payload.event.data and payload.event.layout.closed)
def data_json(payload: Payload) -> Iterator[Deviation]:
    """Pass on what the strict parser found; encoding and missing empty lines have rules of their own."""
    match payload.problem:
        case Problem.NONE | Problem.NOT_UTF8 | Problem.LONE_SURROGATE:
            pass
        case problem if not _is_joined(payload.event):
            yield Deviation(problem.value, payload.place, f"its data is not one JSON object: {payload.detail}")


@rule("sse-single-line-data", each=Payload, when=lambda payload: payload.event.data)
def single_line_data(payload: Payload) -> Iterator[Deviation]:
    """Count the data lines of the event and look at the byte after the colon."""
    layout = payload.event.layout
    if layout.data_lines > 1 and not _is_joined(payload.event):
        yield Deviation("several-lines", payload.place, f"the JSON text is spread over {layout.data_lines} data lines")
    if not layout.spaced:
        yield Deviation("unspaced", payload.place, "no space follows the colon of the data field")


_KEEP_ALIVE = re.compile(rb"\s*:|[^{\[\"]{0,40}\b(ping|heart-?beat|keep-?alive)\b", re.IGNORECASE)


@rule("sse-comments-allowed", each=Payload)
def comments_allowed(payload: Payload) -> Iterator[Deviation]:
    """Recognise a comment that was put into a data field: it keeps its colon, or says what it is for."""
    if payload.kind is Kind.MALFORMED and _KEEP_ALIVE.match(payload.event.data or b""):
        words = (payload.event.data or b"")[:60].decode(errors="replace")
        yield Deviation("as-data", payload.place, f"the keep-alive {words!r} is sent as data")


RULES = (utf8, framing, data_only, no_empty_event, data_json, single_line_data, comments_allowed)
