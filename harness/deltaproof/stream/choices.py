"""One choice as it grows: from the elements of `choices` to texts, calls and finishes. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deltaproof.stream.calls import Calls
from deltaproof.stream.moments import Chunk, Delta, Entry, Place
from deltaproof.stream.outline import of_body
from deltaproof.stream.request import Asked, Request
from deltaproof.stream.strict import json_text
from deltaproof.stream.template import Hole
from deltaproof.stream.text import Text
from deltaproof.stream.wholes import Choice, Ending, Finish, FunctionCall

REASONING_FIELDS = ("reasoning_content", "reasoning")
_DETAIL_TEXTS = ("text", "summary")
KNOWN_DELTA_FIELDS = frozenset({"role", "content", "refusal", "tool_calls", "function_call"})
_KEPT_NAMES = 2  # of a legacy call: the first, and that another came
_KEPT_FINISHES = 64
_KEPT_EXTRAS = 64  # a server that makes up names would make each delta dearer than the one before


@dataclass(slots=True)
class Said:
    """What one chunk says, and what came of it.

    Attributes:
        event, offset: its event.
        parts: the chunk, its deltas and their entries.
        holes: its texts that were only appended to.
        changed: whether anything changed otherwise, after which a chunk of the same shape would not mean the same.
    """

    event: int
    offset: int
    parts: list[Chunk | Delta | Entry]
    holes: list[Hole] = field(default_factory=list)
    changed: bool = False

    def add(self, text: Text, container: Mapping[str, object], key: str) -> None:
        """Append the fragment under a key to its text."""
        fragment = str(container[key])
        if fragment:
            text.append(fragment, self.event, self.offset)
            if isinstance(container, dict):
                self.holes.append(Hole(container, key, text))

    def pass_over(self, container: Mapping[str, object], key: str) -> None:
        """Make a hole of a string that is added to no text."""
        if isinstance(container, dict) and isinstance(container.get(key), str) and container[key]:
            self.holes.append(Hole(container, key, None))


@dataclass(slots=True)
class GrowingChoice:
    """A choice that may still get deltas."""

    index: int
    place: Place
    calls: Calls
    content: Text | None = None
    refusal: Text | None = None
    reasoning: Text | None = None
    reasoning_field: str = ""
    role: str | None = None
    role_place: Place | None = None
    function_names: tuple[tuple[Place, str], ...] = ()
    function_place: Place | None = None
    function_arguments: Text = field(default_factory=Text)
    finishes: list[Finish] = field(default_factory=list)
    finish: str | None = None
    finish_count: int = 0
    extras: frozenset[str] = frozenset()
    seen: bool = False

    @classmethod
    def at(cls, place: Place, index: int) -> GrowingChoice:
        """Begin a choice where it is first heard of."""
        return cls(index=index, place=place, calls=Calls(index))

    def take(
        self,
        value: Mapping[str, object],
        outlined: Mapping[str, object],
        expected: int,
        asked: Asked | None,
        said: Said,
    ) -> None:
        """Add one element of `choices`; `outlined` is what rules see of it."""
        body = body_of(value)
        delta = Delta(
            said.event,
            said.offset,
            self.index,
            outlined,
            of_body(body),
            expected,
            not self.seen,
            self.role,
            self.refusal is not None and len(self.refusal) > 0,
            bool(self.calls.opened),
            self.finish,
            self.extras,
            asked,
        )
        said.parts.append(delta)
        if not self.seen:
            self.seen = said.changed = True
        self._role_and_finish(delta, said)
        self._texts(body, said)
        tool_calls = body.get("tool_calls")
        if isinstance(tool_calls, Mapping):
            tool_calls = [tool_calls]
        for element in tool_calls if isinstance(tool_calls, list) else ():
            if isinstance(element, Mapping):  # anything else is no entry, and adds to no call
                self._entry(element, said)
        if isinstance(legacy := body.get("function_call"), Mapping):
            self._legacy(legacy, said)

    def close(self, ending: Ending, request: Request | None) -> Choice:
        """Return the choice as it is now."""
        finish = self.finishes[-1].reason if self.finishes else None
        names = self.function_names
        legacy = self.function_place and FunctionCall(
            place=self.function_place,
            name=names[0][1] if names else "",
            names=names,
            arguments=self.function_arguments,
        )
        return Choice(
            index=self.index,
            place=self.place,
            role=self.role,
            role_place=self.role_place,
            calls=tuple(call.close(self.index, finish, ending, request) for call in self.calls.opened),
            content=self.content,
            refusal=self.refusal,
            reasoning=self.reasoning,
            function_call=legacy or None,
            finishes=tuple(self.finishes),
            finish_count=self.finish_count,
            ending=ending,
            request=request,
        )

    def _role_and_finish(self, delta: Delta, said: Said) -> None:
        role = delta.body.get("role")
        if self.role is None and isinstance(role, str) and role:
            self.role = role
            self.role_place = delta.place
            said.changed = True
        if delta.finish_reason not in (None, ""):
            reason = delta.finish_reason
            del self.finishes[_KEPT_FINISHES - 1 :]
            self.finishes.append(Finish(delta.place, reason))
            self.finish_count += 1
            self.finish = reason if isinstance(reason, str) else json_text(reason)
            said.changed = True
        if KNOWN_DELTA_FIELDS.issuperset(delta.body) or len(self.extras) >= _KEPT_EXTRAS:
            return
        unknown = [name for name in delta.body if name not in KNOWN_DELTA_FIELDS and name not in self.extras]
        if extras := [name for name in unknown if delta.body[name] not in (None, [])]:
            self.extras |= frozenset(extras[: _KEPT_EXTRAS - len(self.extras)])
            said.changed = True

    def _texts(self, body: Mapping[str, object], said: Said) -> None:
        content = body.get("content")
        if isinstance(content, list):
            self._parts(content, said)
        elif isinstance(content, str):
            self.content = Text() if self.content is None else self.content
            said.add(self.content, body, "content")
        if isinstance(refusal := body.get("refusal"), str):
            self.refusal = Text() if self.refusal is None else self.refusal
            if refusal and not len(self.refusal):
                said.changed = True
            said.add(self.refusal, body, "refusal")
        for key in REASONING_FIELDS:
            thought = body.get(key)
            if not isinstance(thought, str):
                continue
            self.reasoning = Text() if self.reasoning is None else self.reasoning
            if thought and not self.reasoning_field:
                self.reasoning_field = key
            if key == self.reasoning_field:  # some servers send the same thoughts under both names
                said.add(self.reasoning, body, key)
            else:
                said.pass_over(body, key)
        details = body.get("reasoning_details")
        for detail in details if isinstance(details, list) else ():  # OpenRouter's: the same thoughts once more
            for key in _DETAIL_TEXTS:
                said.pass_over(detail, key)

    def _parts(self, parts: list[object], said: Said) -> None:
        """Read content that is an array of typed parts, as Mistral's reasoning models send it."""
        said.changed = True
        for part in parts:
            match part:
                case {"type": "text", "text": str() as text}:
                    self.content = Text() if self.content is None else self.content
                    self.content.append(text, said.event, said.offset)
                case {"type": "thinking", "thinking": list() as thoughts}:
                    self.reasoning = Text() if self.reasoning is None else self.reasoning
                    for thought in thoughts:
                        match thought:
                            case {"text": str() as text}:
                                self.reasoning.append(text, said.event, said.offset)
                            case _:
                                pass
                case _:
                    pass

    def _entry(self, value: Mapping[str, object], said: Said) -> None:
        entry, call = self.calls.take(value, said.event, said.offset)
        said.parts.append(entry)
        body = entry.function
        if entry.opens or body.get("name") or value.get("id") or entry.kind != call.kind:
            said.changed = True
        key = "input" if body is value.get("custom") else "arguments"
        if isinstance(body.get(key), str):
            said.add(call.arguments, body, key)

    def _legacy(self, value: Mapping[str, object], said: Said) -> None:
        if self.function_place is None:
            self.function_place = Place(said.event, said.offset, self.index)
            said.changed = True
        name = value.get("name")
        if isinstance(name, str) and name:
            if len(self.function_names) < _KEPT_NAMES:
                self.function_names += ((Place(said.event, said.offset, self.index), name),)
            said.changed = True
        if isinstance(value.get("arguments"), str):
            said.add(self.function_arguments, value, "arguments")


def body_of(value: Mapping[str, object]) -> Mapping[str, object]:
    """Return a choice's delta, its message where it has none, {} where neither is an object."""
    for key in ("delta", "message"):
        body = value.get(key)
        if isinstance(body, Mapping):
            return body
    return {}
