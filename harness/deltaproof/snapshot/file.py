"""Shapes kept in a file: one `snapshot.yaml` in each folder of recordings, or one for each module of tests.

    exchanges:
    - of: two-calls.yaml          # the recording, or the test; with #1 for its second entry
      status: 200
      type: text/event-stream
      end: eof
      choices:
      - arrived:                  # step by step
        - role assistant (content null)
        - call 0 opens
        - arguments of call 0 × many
        - finish tool_calls
        - done
        calls:
        - name: get_weather
          name chunks: 1
          id: call_1
          type: function
      chunk fields: choices, created, id, model, object
      choice fields: delta, finish_reason, index
      conforms:                   # rules by group; beside it `deviates`, a rule and its cases, and `undecided`
        transport: http-content-type, sse-framing
    snapshot: 1

One file for many shapes, so that its diff shows at a glance what a new version of a server does differently.
"""  # noqa: RUF002 - the sign that stands in the file

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deltaproof.cassette.disk import remove_file
from deltaproof.cassette.fields import kind, listing, mapping
from deltaproof.cassette.plain_yaml import dump, load
from deltaproof.catalog import load as load_catalog
from deltaproof.errors import UnreadableError
from deltaproof.snapshot.shape import CallShape, ChoiceShape, Shape
from deltaproof.verdict import Verdict

_VERSION = 1
_SEPARATOR = ", "


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the shapes of a file come from, as its first line tells: what was looked at, and what writes it."""

    seen_in: str
    command: str


RECORDINGS = Origin("the recordings beside", "deltaproof snapshot --update")
TESTS = Origin("the tests of the module of this name", "pytest --deltaproof-update")


def read_snapshot(path: Path, origin: Origin = RECORDINGS) -> dict[str, Shape]:
    """Return the shapes in a file by the name of what they are of, in order; none where there is no file.

    Raises `UnreadableError` with the line of what is wrong.
    """
    try:
        return _shapes(path) if path.exists() else {}
    except UnreadableError as error:
        hint = f"Mend it, or remove it and run `{origin.command}`"
        raise UnreadableError(error.what, where=error.where, hint=hint) from None


def _shapes(path: Path) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    version: object = None
    for part in load(path, "exchanges", "snapshot"):
        if part.key == "snapshot":
            version = part.value
            continue
        try:
            name, shape = _another(part.value, shapes)
        except UnreadableError as error:
            raise UnreadableError(error.what, where=f"{path}:{part.line}") from None
        shapes[name] = shape
    if version is None:
        raise UnreadableError("it is no snapshot: it does not say which version of `snapshot` it is", where=str(path))
    if version != _VERSION:
        raise UnreadableError(f"it is no snapshot that this version reads: `snapshot` is {version!r}", where=str(path))
    return shapes


def _another(value: object, known: Mapping[str, Shape]) -> tuple[str, Shape]:
    """Read an entry of something else than those that are known."""
    name, shape = read_entry(value)
    if name in known:
        raise UnreadableError(f"there are two entries of {name}")
    return name, shape


def write_snapshot(path: Path, shapes: Mapping[str, Shape], origin: Origin = RECORDINGS) -> None:
    """Write shapes by name in place of those in a file; without any, the file is removed.

    Raises `DeltaproofError` where the system refuses it.
    """
    if shapes:
        entries = [entry_of(name, shapes[name]) for name in sorted(shapes)]
        comment = f"What deltaproof saw in {origin.seen_in}; `{origin.command}` writes it anew."
        dump(path, comment, "exchanges", entries, ("snapshot", _VERSION))
        return
    remove_file(path)


def entry_of(name: str, shape: Shape) -> dict[str, object]:
    """Return a shape as a file's entry, in plain values, what is empty left out."""
    verdicts = _by_verdict(shape.verdicts)
    written: dict[str, object] = {
        "of": name,
        "scenario": shape.scenario,
        "status": shape.status,
        "type": shape.type,
        "end": shape.end,
        "body": shape.body,
        "arrived": list(shape.arrived),
        "choices": [_choice(choice) for choice in shape.choices],
        "chunk fields": _SEPARATOR.join(shape.chunk_fields),
        "choice fields": _SEPARATOR.join(shape.choice_fields),
        **verdicts,
    }
    return {key: value for key, value in written.items() if value not in (None, "", [], {})}


def _choice(choice: ChoiceShape) -> dict[str, object]:
    calls: list[dict[str, object]] = []
    for call in choice.calls:
        members = {"name": call.name, "name chunks": call.name_chunks, "id": call.id, "type": call.type}
        calls.append({key: value for key, value in members.items() if value is not None})
    return {"arrived": list(choice.arrived), **({"calls": calls} if calls else {})}


def _by_verdict(verdicts: Mapping[str, str]) -> dict[str, object]:
    """Return rules by verdict: those that deviate with their cases, those that conform by group."""
    pages = load_catalog().pages
    deviates: dict[str, str] = {}
    undecided: list[str] = []
    conforms: dict[str, list[str]] = {}
    for slug, told in verdicts.items():
        match told.partition(": "):
            case (Verdict.DEVIATES, _, cases):
                deviates[slug] = cases
            case (Verdict.UNDECIDED, _, _):
                undecided.append(slug)
            case _:
                conforms.setdefault(pages[slug].group, []).append(slug)
    return {
        Verdict.DEVIATES.value: deviates,
        Verdict.UNDECIDED.value: _SEPARATOR.join(undecided),
        Verdict.CONFORMS.value: {group: _SEPARATOR.join(sorted(slugs)) for group, slugs in sorted(conforms.items())},
    }


def read_entry(value: object) -> tuple[str, Shape]:
    """Return the name and the shape of an entry. Raises `UnreadableError` without a place."""
    entry = mapping(value, "the entry")
    name = _text(entry, "of")
    if not name:
        raise UnreadableError("the entry does not say what it is `of`")
    status = entry.get("status")
    if not isinstance(status, int | None):
        raise UnreadableError(f"`status` is {kind(status)}, not a number")
    verdicts: dict[str, str] = {}
    for slug, cases in mapping(entry.get("deviates", {}), "`deviates`").items():
        verdicts[slug] = f"{Verdict.DEVIATES}: {cases}" if cases else Verdict.DEVIATES.value
    verdicts |= dict.fromkeys(_words(entry, "undecided"), Verdict.UNDECIDED.value)
    conforms = mapping(entry.get("conforms", {}), "`conforms`")
    for group in conforms:
        verdicts |= dict.fromkeys(_words(conforms, group), Verdict.CONFORMS.value)
    return name, Shape(
        scenario=_text(entry, "scenario"),
        status=status,
        type=_text(entry, "type") or None,
        end=_text(entry, "end"),
        body=_text(entry, "body"),
        arrived=tuple(_lines(entry)),
        choices=tuple(_read_choice(choice) for choice in listing(entry.get("choices", []), "`choices`")),
        chunk_fields=tuple(_words(entry, "chunk fields")),
        choice_fields=tuple(_words(entry, "choice fields")),
        verdicts=verdicts,
    )


def _read_choice(value: object) -> ChoiceShape:
    choice = mapping(value, "an entry of `choices`")
    calls = listing(choice.get("calls", []), "`calls`")
    return ChoiceShape(tuple(_lines(choice)), tuple(_read_call(call) for call in calls))


def _read_call(value: object) -> CallShape:
    call = mapping(value, "an entry of `calls`")
    chunks = call.get("name chunks", 0)
    if not isinstance(chunks, int):
        raise UnreadableError(f"`name chunks` is {kind(chunks)}, not a number")
    name, known, told = (_text(call, key) or None for key in ("name", "id", "type"))
    return CallShape(name, chunks, known, told)


def _lines(entry: Mapping[str, object]) -> Sequence[str]:
    lines = listing(entry.get("arrived", []), "`arrived`")
    odd = next((line for line in lines if not isinstance(line, str)), None)
    if odd is not None:
        raise UnreadableError(f"a line of `arrived` is {kind(odd)}, not text")
    return [line for line in lines if isinstance(line, str)]


def _words(entry: Mapping[str, object], key: str) -> list[str]:
    text = _text(entry, key)
    return text.split(_SEPARATOR) if text else []


def _text(entry: Mapping[str, object], key: str) -> str:
    """Return the text under a key, empty where it is absent."""
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise UnreadableError(f"`{key}` is {kind(value)}, not text")
    return value
