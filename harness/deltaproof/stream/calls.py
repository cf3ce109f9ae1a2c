"""Which tool call an entry belongs to, and the calls as they grow. Decides identity, judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from deltaproof.stream.moments import Entry
from deltaproof.stream.outline import of_entry
from deltaproof.stream.request import Request
from deltaproof.stream.strict import json_text
from deltaproof.stream.text import Text
from deltaproof.stream.wholes import Ending, ToolCall

_KEPT_SHAPES = 256  # of one call's entries: a server that makes up fields must not fill the memory
_QUESTIONS = 16  # to one call, whether it is whole: each answer reads all of its text


@dataclass(slots=True)
class GrowingCall:
    """A call that may still get entries."""

    index: int | None
    position: int
    entries: list[Entry] = field(default_factory=list)
    arguments: Text = field(default_factory=Text)
    name: str | None = None
    id: str | None = None
    kind: str | None = None
    shapes: set[str] = field(default_factory=set)
    questions: int = 0

    def keep(self, entry: Entry) -> None:
        """Keep an entry, unless it differs from an earlier one in nothing but argument text."""
        body = entry.function
        is_piece_of_name = bool(body.get("name")) and entry.start == 0
        if is_piece_of_name or isinstance(body.get("arguments"), dict | list):
            self.entries.append(entry)
            return
        shape = json_text(of_entry(entry.value))
        if shape not in self.shapes and len(self.shapes) < _KEPT_SHAPES:
            self.shapes.add(shape)
            self.entries.append(entry)

    def holds_whole_object(self) -> bool:
        """Tell whether the arguments so far are one JSON object; the answer is no once that was asked too often."""
        self.questions += 1
        if self.questions > _QUESTIONS:
            return False
        text = str(self.arguments)
        if not text.rstrip().endswith("}"):
            return False
        try:
            return isinstance(orjson.loads(text), dict)
        except ValueError:
            return False

    def close(self, choice: int, finish: object, ending: Ending, request: Request | None) -> ToolCall:
        """Return the call as it is now."""
        tool = request.tools.get(self.name) if request and self.name else None
        return ToolCall(
            choice=choice,
            index=self.index,
            position=self.position,
            entries=tuple(self.entries),
            name=self.name,
            id=self.id,
            kind=self.kind,
            arguments=self.arguments,
            finish=finish,
            ending=ending,
            tool=tool,
            request=request,
        )


@dataclass(slots=True)
class Calls:
    """The calls of one choice.

    An entry belongs to the latest call with its index. Servers break this in known ways, and these are understood:

    - the index is taken by another call: the entry has a new id and a name; or the arguments so far are a whole object,
      and the entry, without a known id, has a name and another object, or another name and no arguments yet;
    - there is no index: an id that is known means its call, a new one a new call; without an id, a name means a new
      call unless the call before has none yet, and anything else adds to the call before;
    - an index that is a string of digits is read as its number.
    """

    choice: int
    opened: list[GrowingCall] = field(default_factory=list)
    _by_index: dict[int, GrowingCall] = field(default_factory=dict)
    _by_id: dict[str, GrowingCall] = field(default_factory=dict)
    _latest: GrowingCall | None = None

    def take(self, value: Mapping[str, object], event: int, offset: int) -> tuple[Entry, GrowingCall]:
        """Add one element of `tool_calls`; return it with its call, its own fragment not yet added."""
        index = value.get("index")
        known_index = _index(index)
        name, call_id = _name(value), _text(value.get("id"))
        call, displaced = self._find(value, known_index, name, call_id)
        opening = call.entries[0] if call is not None else None
        if call is None:
            call = GrowingCall(index=known_index, position=len(self.opened))
        entry = Entry(
            event=event,
            offset=offset,
            choice=self.choice,
            value=value,
            index=index if isinstance(index, int) and not isinstance(index, bool) else None,
            opening=opening,
            displaced=displaced.entries[0] if displaced is not None else None,
            name=call.name,
            id=call.id,
            kind=call.kind,
            opened=len(self.opened),
            start=len(call.arguments),
        )
        if opening is None:
            self.opened.append(call)
            if known_index is not None:
                self._by_index[known_index] = call
        self._latest = call
        call.keep(entry)
        call.name = call.name or name
        if call.id is None and call_id is not None:
            call.id = call_id
            self._by_id.setdefault(call_id, call)
        call.kind = call.kind or _text(value.get("type"))
        return entry, call

    def _find(
        self, value: Mapping[str, object], index: int | None, name: str | None, call_id: str | None
    ) -> tuple[GrowingCall | None, GrowingCall | None]:
        """Return the call that the entry continues, and the one whose index it takes away."""
        if index is not None:
            call = self._by_index.get(index)
            if call is None:
                return None, None
            if call_id and call.id and call_id != call.id:
                return (None, call) if name else (call, None)
            known = call_id is not None and call_id == call.id
            if name and not known and _begins(call, name, _arguments(value)):
                return None, call
            return call, None
        if call_id:
            return self._by_id.get(call_id), None
        if name and (self._latest is None or self._latest.name):
            return None, None
        return self._latest, None


def _begins(call: GrowingCall, name: str, fragment: str) -> bool:
    """Tell whether a name and a fragment under the index of a call begin another one."""
    if not fragment:
        return call.name not in (None, name) and call.holds_whole_object()
    return fragment.startswith("{") and call.holds_whole_object() and fragment != str(call.arguments)


def _index(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:  # noqa: PLR2004 - longer is no index
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    """Return a string that is not empty; Mistral's client fills a missing id with "null"."""
    return value if isinstance(value, str) and value not in ("", "null") else None


def _body(value: Mapping[str, object]) -> Mapping[str, object]:
    for key in ("function", "custom"):
        body = value.get(key)
        if isinstance(body, Mapping):
            return body
    return {}


def _name(value: Mapping[str, object]) -> str | None:
    return _text(_body(value).get("name"))


def _arguments(value: Mapping[str, object]) -> str:
    arguments = _body(value).get("arguments")
    return arguments if isinstance(arguments, str) else ""
