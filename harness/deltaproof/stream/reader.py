"""Events to subjects, as they arrive: the state of one stream. Judges nothing and accepts any bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from deltaproof.exchange import End, Head
from deltaproof.sse import LIMIT, PLAIN, Decoder, Event
from deltaproof.stream.choices import GrowingChoice, Said
from deltaproof.stream.moments import Chunk, Delta, Entry, ErrorShape, Kind, Payload, Place, Repeats
from deltaproof.stream.outline import Envelope, of_chunk
from deltaproof.stream.request import Request
from deltaproof.stream.strict import Problem, parse
from deltaproof.stream.subjects import Moments, Subject
from deltaproof.stream.template import Template, template_of
from deltaproof.stream.wholes import Ending, Transcript, Usage

_REPLACEMENT = "\ufffd".encode()
_SLICE = 1 << 16  # bytes decoded at a time, so that events of a long body do not pile up
_KEPT_BODY = 1 << 20  # bytes kept of a body that is no event stream
_KEPT_USAGES = 16
_KEPT_ERRORS = 16
_KEPT_DONES = 16
_TEMPLATES = 4  # shapes that may alternate, as when choices or calls are interleaved
_UNFIT = 8  # templates that no event fitted, one learnt after the other, after which few are learnt
_UNUSED = 16  # events without a template after which a template is forgotten that was not used meanwhile


class Reader:
    """Reads one response body and yields what it says, subject by subject, and at the end the transcript.

    A refusal (status 400 and above) is not read as a stream; its body is kept for the transcript.
    """

    def __init__(
        self,
        *,
        request: Request | None = None,
        head: Head | None = None,
        answer: Mapping[str, object] | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Start before the first byte; `limit` is the most bytes that one event may have."""
        self._request = request
        self._asked = request.asked if request is not None else None
        self._head = head
        self._answer = answer
        self._refused = head is not None and head.status >= 400  # noqa: PLR2004 - client and server errors
        self._decoder = Decoder(limit=limit)
        self._choices: dict[int, GrowingChoice] = {}
        self._templates: list[Template] = []
        self._used: set[int] = set()  # templates, by their event
        self._unfit = 0  # templates learnt since an event fitted one
        self._alone = 0  # events that no template fitted
        self._first = Envelope()
        self._usages: list[Usage] = []
        self._usage_count = 0
        self._errors: list[Payload] = []
        self._dones: list[Payload] = []
        self._done_count = 0
        self._events = 0
        self._chunks = 0
        self._size = 0
        self._last: Event | None = None
        self._start = bytearray()

    def feed(self, data: bytes) -> Iterator[Subject | Repeats]:
        """Take the next bytes of the body and yield what they say; exhaust it before the next call."""
        yield from _one_by_one(self.hear(data))

    def hear(self, data: bytes) -> Iterator[Moments | Repeats]:
        """Do what `feed` does, but yield all moments of one event together."""
        self._size += len(data)
        if self._refused or not self._chunks:
            self._start += data[: _KEPT_BODY - len(self._start)]
        if self._refused:
            return
        for low, high in pairwise([*range(0, len(data), _SLICE), len(data)]):
            yield from self._events_of(self._decoder.feed(data if high - low == len(data) else data[low:high]))

    def close(self, end: End = End.EOF) -> Iterator[Subject | Repeats]:
        """End the body and yield what only its end tells: choices, calls and, last, the transcript."""
        if not (self._refused or end is End.CLIENT_GONE):  # then the rest of the last event is nobody's fault
            yield from _one_by_one(self._events_of(self._decoder.close()))
        ending = Ending(done=bool(self._dones), error=bool(self._errors), end=end)
        choices = tuple(self._choices[index].close(ending, self._request) for index in sorted(self._choices))
        for choice in choices:
            yield from choice.calls
            yield choice
        yield Transcript(
            head=self._head,
            request=self._request,
            end=end,
            choices=choices,
            usages=tuple(self._usages),
            usage_count=self._usage_count,
            errors=tuple(self._errors),
            dones=tuple(self._dones),
            done_count=self._done_count,
            events=self._events,
            chunks=self._chunks,
            size=self._size,
            last=Place(self._last.number, self._last.offset) if self._last else Place(0, 0),
            plain_body=None if self._chunks or self._dones or self._errors else bytes(self._start),
            answer=self._answer,
        )

    def _events_of(self, events: list[Event]) -> Iterator[Moments | Repeats]:
        position = 0
        while position < len(events):
            for template in self._templates:
                after = template.take(events, position)
                if after > position:
                    self._used.add(template.event)
                    self._unfit = 0
                    yield Repeats(template.event, after - position, events[after - 1].number)
                    self._events += after - position
                    self._chunks += after - position
                    position = after
                    break
            else:
                yield self._event(events[position])
                position += 1
        self._last = events[-1] if events else self._last

    def _event(self, event: Event) -> Moments:
        """Read an event that no template fits."""
        self._events += 1
        self._alone += 1
        if self._alone % _UNUSED == 0:
            self._templates = [template for template in self._templates if template.event in self._used]
            self._used.clear()
        payload = self._payload(event)
        if payload is None:
            return Moments(event)
        if payload.kind is Kind.ERROR:
            if len(self._errors) < _KEPT_ERRORS:
                self._errors.append(payload)
            self._templates.clear()
        elif payload.kind is Kind.DONE:
            self._done_count += 1
            if len(self._dones) < _KEPT_DONES:
                self._dones.append(payload)
            self._templates.clear()
        if payload.value is None or payload.after_done:
            return Moments(event, payload)
        if payload.kind is Kind.CHUNK or "choices" in payload.value:
            return Moments(event, payload, self._chunk(payload, payload.value))
        return Moments(event, payload)

    def _payload(self, event: Event) -> Payload | None:
        """Tell what an event carries, None where it carries nothing."""
        data, layout = event.data, event.layout
        known = (bool(self._dones), bool(self._errors), data is not None and _may_be_replaced(data))
        if not data:
            for line in layout.unknown:
                name, _, rest = line.partition(b":")
                if name != b"error" and not line.lstrip().startswith(b"{"):
                    continue
                told = parse(rest if name == b"error" else line)
                if isinstance(told.value, dict) and (name == b"error" or told.value.get("error")):
                    return Payload(event, Kind.ERROR, told.value, Problem.NONE, "", ErrorShape.BARE_LINE, *known)
            return None
        if data.strip() == b"[DONE]":
            return Payload(event, Kind.DONE, None, Problem.NONE, "", None, *known)
        value, problem, detail = parse(data)
        shape = None
        if layout.name == "error":
            shape = ErrorShape.EVENT_NAME
        if isinstance(value, dict):
            if error := value.get("error"):
                shape = ErrorShape.STRING if isinstance(error, str) else ErrorShape.OBJECT
            elif value.get("object") == "error":
                shape = ErrorShape.OBJECT_FIELD
            kind = Kind.ERROR if shape else Kind.CHUNK
            return Payload(event, kind, value, problem, detail, shape, *known)
        kind = Kind.ERROR if shape else Kind.MALFORMED
        return Payload(event, kind, None, problem, detail, shape, *known)

    def _chunk(self, payload: Payload, value: Mapping[str, object]) -> Sequence[Chunk | Delta | Entry]:
        self._chunks += 1
        event = payload.event
        chunk = Chunk(event.number, event.offset, *of_chunk(value, self._first), self._asked)
        said = Said(event.number, event.offset, [chunk])
        said.changed = self._remember_envelope(value)
        choices = value.get("choices")
        for element, outlined in zip(choices, chunk.choices, strict=True) if isinstance(choices, list) else ():
            if isinstance(element, dict) and isinstance(outlined, dict):
                self._choice(element, outlined, said)
            else:
                said.changed = True
        said.changed |= self._remember_usage(value, chunk)
        if said.changed:
            self._templates.clear()
            self._unfit = 0
        elif said.holes and payload.problem is Problem.NONE and event.layout is PLAIN:
            self._learn(event, value, said)
        return said.parts

    def _choice(self, element: dict[str, object], outlined: dict[str, object], said: Said) -> None:
        """Read one element of a chunk's choices."""
        index = element.get("index")
        index = index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else 0
        expected = len(self._choices)
        choice = self._choices.get(index)
        if choice is None:
            place = Place(said.event, said.offset, index)
            choice = self._choices[index] = GrowingChoice.at(place, index)
        choice.take(element, outlined, expected, self._asked, said)

    def _learn(self, event: Event, value: Mapping[str, object], said: Said) -> None:
        """Keep the shape of a chunk that changed nothing but its texts, if it has one."""
        if self._unfit >= _UNFIT and self._alone % _UNUSED:  # some servers number their chunks, or the like
            return
        said.pass_over(value, "obfuscation")  # random padding, OpenAI's against traffic analysis
        template = template_of(event, value, said.holes)
        if template is not None:
            self._templates.insert(0, template)
            self._used.add(template.event)
            self._unfit += 1
            del self._templates[_TEMPLATES:]

    def _remember_envelope(self, value: Mapping[str, object]) -> bool:
        """Note the constants of the envelope; return whether one was new."""
        if None not in self._first:
            return False
        first = self._first
        identity, created, model = value.get("id"), value.get("created"), value.get("model")
        self._first = Envelope(
            first.id or (identity if isinstance(identity, str) and identity else None),
            first.created or (created if isinstance(created, int) and created else None),
            first.model or (model if isinstance(model, str) and model else None),
        )
        return self._first != first

    def _remember_usage(self, value: Mapping[str, object], chunk: Chunk) -> bool:
        """Note a usage that is not null; return whether there was one."""
        if value.get("usage") is None:
            return False
        self._usage_count += 1
        if len(self._usages) < _KEPT_USAGES:
            unfinished = sum(not choice.finishes for choice in self._choices.values())
            self._usages.append(Usage(chunk.place, value["usage"], not chunk.choices, unfinished))
        return True


def _may_be_replaced(data: bytes) -> bool:
    """Tell whether U+FFFD may stand in data, as it is or escaped."""
    return (not data.isascii() and _REPLACEMENT in data) or (b"\\" in data and (b"fffd" in data or b"FFFD" in data))


def _one_by_one(heard: Iterable[Moments | Repeats]) -> Iterator[Subject | Repeats]:
    for told in heard:
        if isinstance(told, Moments):
            yield told.event
            if told.payload is not None:
                yield told.payload
            yield from told.parts
        else:
            yield told
