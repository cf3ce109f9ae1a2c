"""What each event of a stream brought, in words without its wording: "role assistant", "arguments of call 0".

Texts, argument values and ids are not in it, names of functions neither: only which members came, for what, and which
of them were null or empty where that is unusual. Nothing is folded here, and nothing judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deltaproof.snapshot.said import EMPTY, Arrival, Said, word
from deltaproof.sse import Event
from deltaproof.stream import Chunk, Delta, Entry, Payload, Repeats, Subject
from deltaproof.stream.moments import Kind
from deltaproof.stream.outline import ELLIPSIS

_TEXTS = {"content": "text"}
_TEXT_KEYS = ("content", "reasoning_content", "reasoning", "refusal")
_REMEMBERED = 64  # events, twice as many as may come before a repetition
_MISSING = object()


@dataclass(slots=True)
class _Parts:
    """What is known so far of what an event brought to one choice, or to the stream.

    Attributes:
        first, last: what stands before and after all else: a role, a finish_reason.
        texts, extras, calls: what stands between.
        still: what only says that nothing came.
        flowing: those that are pieces.
    """

    first: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)
    flowing: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        return not (self.first or self.texts or self.extras or self.calls or self.last)

    def said(self) -> Said:
        """Return it, what came twice told once: how many entries a chunk has for a call is up to the server's pace."""
        parts = (*self.first, *self.texts, *self.extras, *self.calls, *self.last) or (*self.still,)
        flows = bool(self.flowing) and self.flowing.issuperset(parts)
        return Said(tuple(dict.fromkeys(parts)), tuple(sorted(self.notes)), flows, not (self.flowing or self.empty))

    def flow(self, part: str, among: list[str]) -> None:
        """Note a piece."""
        among.append(part)
        self.flowing.add(part)


class Arrivals:
    """Tells what events bring, from the subjects of one stream."""

    def __init__(self) -> None:
        """Start before the first subject."""
        self._positions: dict[int, tuple[Entry, int]] = {}  # of calls, by the id() of the entry that opened each
        self._told: dict[int, Arrival] = {}
        self._event = 0
        self._common = _Parts()
        self._choices: dict[int, _Parts] = {}

    def take(self, subjects: Iterable[Subject | Repeats]) -> Iterator[Arrival]:
        """Yield what events brought, each when the next one begins; `rest` yields the last."""
        for subject in subjects:
            match subject:
                case Event():
                    yield from self.rest()
                    self._event = subject.number
                    if not subject.data:
                        self._common.still.append("event without data")
                case Repeats():
                    yield from self.rest()
                    told = self._told.pop(subject.event)
                    self._told[subject.event] = told
                    yield told._replace(event=subject.last, times=subject.count)
                case Payload():
                    self._payload(subject)
                case Chunk():
                    self._chunk(subject)
                case Delta():
                    self._delta(subject)
                case Entry():
                    self._entry(subject)
                case _:
                    yield from self.rest()

    def rest(self) -> Iterator[Arrival]:
        """Yield what the last event brought, if that was not yielded yet."""
        if not self._event:
            return
        common = self._common.said()
        told = Arrival(
            self._event,
            1,
            common if common.parts else None,
            {index: parts.said() for index, parts in self._choices.items()},
        )
        self._told[self._event] = told
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        self._event = 0
        self._common = _Parts()
        self._choices = {}
        yield told

    def _payload(self, payload: Payload) -> None:
        match payload.kind:
            case Kind.DONE:
                self._common.last.append("done")
            case Kind.ERROR:
                self._common.first.append(f"error as {payload.shape}")
            case Kind.MALFORMED:
                self._common.first.append("no JSON object")
            case Kind.CHUNK:
                pass

    def _chunk(self, chunk: Chunk) -> None:
        if chunk.value.get("usage") is not None:
            self._common.last.append("usage")
        elif not chunk.choices:
            self._common.still.append("chunk without choices")

    def _delta(self, delta: Delta) -> None:
        parts = self._choices.setdefault(delta.choice, _Parts())
        if "delta" not in delta.value and "message" in delta.value:
            parts.notes.add("message in place of delta")
        for key, value in delta.body.items():
            _member(key, value, delta.role, parts)
        finish = delta.finish_reason
        if finish == "":
            parts.notes.add("finish_reason empty")
        elif finish is not None:
            parts.last.append(f"finish {word(finish)}")
        if parts.empty and not _entries(delta.body.get("tool_calls")):
            _emptied(parts)

    def _entry(self, entry: Entry) -> None:
        parts = self._choices[entry.choice]
        if entry.opening is None:
            position = entry.opened
            self._positions[id(entry)] = entry, position
            parts.calls.append(f"call {position} opens")
            parts.notes.update(f"no {key}" for key in ("id", "type") if not entry.value.get(key))
            parts.notes.update(() if entry.function.get("name") else ("no name",))
        else:
            position = self._positions[id(entry.opening)][1]
            _continued(entry, position, parts)
        _arguments(entry, position, parts)
        if entry.index != position:
            told = entry.value.get("index")
            shown = f'"{word(told)}"' if isinstance(told, str) else word(told)
            parts.notes.add("no index" if told is None else f"call {position} at index {shown}")
        if parts.empty:
            parts.still[:] = [f"nothing for call {position}"]


def _member(key: str, value: object, role: str | None, parts: _Parts) -> None:
    """Say what a member of a delta brought; entries of tool_calls come by themselves."""
    match key, value:
        case "tool_calls", _ if _entries(value):
            pass
        case "function_call", dict():
            if value.get("name"):
                parts.calls.append("function_call opens")
            if value.get("arguments"):
                parts.flow("arguments of function_call", parts.calls)
        case _, None:
            parts.notes.add(f"{word(key)} null")
        case _, "" | [] | {}:
            parts.notes.add(f"{word(key)} empty")
        case "role", _ if value == role:
            parts.notes.add("role again")
        case "role", _:
            parts.first.append(f"role {word(value)}")
        case _ if key in _TEXT_KEYS:
            parts.flow(_TEXTS.get(key, key) if value == ELLIPSIS else f"{key} in parts", parts.texts)
        case _:
            parts.flow(word(key), parts.extras)


def _entries(tool_calls: object) -> bool:
    """Tell whether there are entries, which come by themselves."""
    match tool_calls:
        case [*elements]:
            return any(isinstance(element, dict) for element in elements)
        case _:
            return isinstance(tool_calls, dict)


def _arguments(entry: Entry, position: int, parts: _Parts) -> None:
    """Say what an entry brought of the arguments, or of a custom tool's input."""
    arguments = entry.function.get("arguments", entry.function.get("input", _MISSING))
    match arguments:
        case dict() | list():
            parts.calls.append(f"arguments of call {position} as JSON")
        case "":
            if not entry.opens:
                parts.flow(f"{EMPTY}arguments of call {position}", parts.calls)
        case str():
            parts.flow(f"arguments of call {position}", parts.calls)
        case _:
            parts.notes.add("no arguments" if arguments is _MISSING else "arguments null")


def _continued(entry: Entry, position: int, parts: _Parts) -> None:
    """Say what an entry that adds to a call has besides arguments, in a stream that is right nothing."""
    name = entry.function.get("name", _MISSING)
    if isinstance(name, str) and name and entry.start == 0 and name != entry.name:
        parts.calls.append(f"name of call {position}")
    else:
        parts.notes.update(_repeated("name", name, entry.name))
    parts.notes.update(_repeated("id", entry.value.get("id", _MISSING), entry.id))
    parts.notes.update(_repeated("type", entry.value.get("type", _MISSING), entry.kind))


def _repeated(key: str, value: object, known: str | None) -> list[str]:
    """Say how a member comes again that only the entry that opens a call should have."""
    if value is _MISSING:
        return []
    if value is None or value == "":
        return [f"{key} null" if value is None else f"{key} empty"]
    return [f"{key} again" if value == known else f"another {key}" if known else f"{key} late"]


def _emptied(parts: _Parts) -> None:
    """Name what a delta without any value is about: the text that it has empty, or nothing."""
    for key in _TEXT_KEYS:
        if (note := f"{key} empty") in parts.notes:
            parts.notes.remove(note)
            parts.flow(EMPTY + _TEXTS.get(key, key), parts.texts)
            return
    parts.still.append("empty delta")
