"""Judges the committed cassettes: the table of cassettes/README.md, what each shows, and the counts that tests hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from deltaproof.cassette import read_path
from deltaproof.catalog import Level, load
from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Skipped
from deltaproof.stream.strict import parse
from deltaproof.suite.checks import error_message
from deltaproof.verdict import Judgement, Verdict, judge

ROOT = Path(__file__).resolve().parent.parent
CASSETTES = ROOT / "cassettes"
PAGE = CASSETTES / "README.md"
COUNTS = ROOT / "tests" / "cassettes.json"

_SHOWN = 160  # characters of what a server said
_REFUSED = 400

INTRODUCTION = """\
# Cassettes

Recordings of streamed chat completions by real servers, one folder per server and one file per scenario of
`specs/scenarios`. The harness makes them, and `python -m tools.servers NAME` makes them anew; none is written or edited
by hand. The model is deltaproof's own tiny one wherever a server takes one, so what is odd here is the server's doing.

`deltaproof check cassettes/llama.cpp` judges them. This page is made by `make docs`.
"""


class Cassette(NamedTuple):
    """One file: its server's folder, its name, and what was judged in it; `skipped` counts what is no stream."""

    folder: str
    name: str
    judged: tuple[tuple[Exchange, Judgement], ...]
    skipped: int

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where it is from."""
        return self.judged[0][0].provenance if self.judged else {}

    def cases(self) -> Counter[str]:
        """Count in how many exchanges each case deviates, as `slug case`."""
        return Counter(
            case
            for _, judgement in self.judged
            for case in {f"{finding.rule} {finding.case}" for finding in judgement.findings}
        )


def judged_cassettes() -> tuple[Cassette, ...]:
    """Judge every committed cassette where every deviation counts.

    Raises:
        UnreadableError: one of them is no cassette.
    """
    return tuple(_judged(path) for path in sorted(CASSETTES.glob("*/*.yaml")))


def _judged(path: Path) -> Cassette:
    judged: list[tuple[Exchange, Judgement]] = []
    skipped = 0
    for sighting in read_path(path):
        match sighting:
            case Exchange():
                judged.append((sighting, judge(sighting, profile="openai-strict")))
            case Skipped():
                skipped += 1
            case UnreadableError():
                raise sighting
    return Cassette(path.parent.name, path.stem, tuple(judged), skipped)


def counts_of(cassettes: Sequence[Cassette]) -> dict[str, object]:
    """Return by server how often each verdict came on each rule, and by cassette what deviates."""
    counts: dict[str, object] = {}
    for folder, own in _by_folder(cassettes):
        verdicts: dict[str, Counter[Verdict]] = {slug: Counter() for slug in load().pages}
        for cassette in own:
            for _, judgement in cassette.judged:
                for slug, verdict in judgement.verdicts.items():
                    verdicts[slug][verdict] += 1
        counts[folder] = {
            "verdicts": {
                slug: ", ".join(f"{verdict} {seen[verdict]}" for verdict in Verdict if seen[verdict])
                for slug, seen in verdicts.items()
            },
            "cassettes": {
                cassette.name: {
                    "judged": len(cassette.judged),
                    "skipped": cassette.skipped,
                    "deviates": dict(sorted(cassette.cases().items())),
                }
                for cassette in own
            },
        }
    return counts


def page_of(cassettes: Sequence[Cassette]) -> str:
    """Return `cassettes/README.md`: the servers, then what each cassette shows by the profile de-facto."""
    folders = list(_by_folder(cassettes))
    lines = [INTRODUCTION, "| folder | server | cassettes | exchanges | errors | warnings | gravest |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |", *(_server(folder, own) for folder, own in folders)]
    lines += ["", "Errors and warnings are cases of rules, each counted once per exchange."]
    for folder, own in folders:
        lines += ["", f"## {folder}", ""]
        lines += [f"{note[0].upper()}{note[1:]}.", ""] if (note := own[0].provenance.get("note")) else []
        lines += ["| cassette | exchanges | what it shows |", "| --- | --- | --- |"]
        lines += [_row(cassette) for cassette in own]
    return "\n".join([*lines, ""])


def _by_folder(cassettes: Sequence[Cassette]) -> Iterator[tuple[str, list[Cassette]]]:
    for folder in dict.fromkeys(cassette.folder for cassette in cassettes):
        yield folder, [cassette for cassette in cassettes if cassette.folder == folder]


def _server(folder: str, own: Sequence[Cassette]) -> str:
    """Return a server's row; its gravest faults are those that break the most clients."""
    cases: Counter[str] = sum((cassette.cases() for cassette in own), Counter())
    levels = {level: sum(count for case, count in cases.items() if _level(case) is level) for level in Level}
    grave = [_means(case) for case in sorted(cases, key=_gravity) if _level(case) is Level.ERROR][:3]
    told = own[0].provenance
    exchanges = sum(len(cassette.judged) for cassette in own)
    server = f"{told.get('server', '')} {told.get('version', '')}".strip()
    cells = (f"[{folder}](#{_anchor(folder)})", server, len(own), exchanges, levels[Level.ERROR], levels[Level.WARNING])
    return f"| {' | '.join(str(cell) for cell in cells)} | {'; '.join(grave)} |"


def _anchor(title: str) -> str:
    """Return the fragment by which a heading is reached."""
    return "".join(
        character for character in title.lower().replace(" ", "-") if character.isalnum() or character == "-"
    )


def _row(cassette: Cassette) -> str:
    """Return a cassette's row."""
    told = [*dict.fromkeys(words for exchange, judgement in cassette.judged for words in _said(exchange, judgement))]
    cases = cassette.cases()
    told += [_finding(case, cases[case]) for case in sorted(cases, key=_gravity) if _weighs(case)]
    notes = sum(_level(case) is Level.NOTE for case in cases)
    told += [f"{notes} {'note' if notes == 1 else 'notes'}"] if notes else []
    link = f"[{cassette.name}]({cassette.folder}/{cassette.name}.yaml)"
    return f"| {link} | {len(cassette.judged) + cassette.skipped} | {'; '.join(told) or 'conforms'} |"


def _said(exchange: Exchange, judgement: Judgement) -> Iterator[str]:
    """Yield what happened that is no deviation: refusals, failures told in the stream, and how it ended."""
    if exchange.head and exchange.head.status >= _REFUSED:
        yield f"answered {exchange.head.status}: {_quoted(error_message(parse(exchange.body).value))}"
    for error in judgement.transcript.errors:
        yield f"fails in mid-stream: {_quoted(error_message(parse(error.event.data or b'').value))}"
    if exchange.end is not End.EOF:
        yield f"ends by {exchange.end}"


def _quoted(words: str) -> str:
    """Quote what a server said, such that it stays in its cell."""
    line = " ".join(words.split()).replace("|", "\\|").replace("`", "'")
    return f"`{line if len(line) <= _SHOWN else line[:_SHOWN] + '…'}`" if line else "without a message"


def _finding(case: str, count: int) -> str:
    times = f" ({count} times)" if count > 1 else ""
    slug, _ = case.split()
    return f"{_level(case)}: {_means(case)}{times} ([{slug}](../specs/rules/{slug}.md))"


def _means(case: str) -> str:
    slug, name = case.split()
    return load().pages[slug].cases[name].means.replace("|", "\\|")


def _level(case: str) -> Level:
    slug, name = case.split()
    return load().profiles["de-facto"].level(slug, load().pages[slug].cases[name])


def _weighs(case: str) -> bool:
    return _level(case) in (Level.ERROR, Level.WARNING)


def _gravity(case: str) -> tuple[int, int, str]:
    """Return what orders cases: level, clients broken, name."""
    slug, name = case.split()
    breaks = load().pages[slug].cases[name].breaks
    return list(Level).index(_level(case)), -(breaks.wrong + breaks.lost + breaks.error if breaks else 0), case


def counts_text(cassettes: Sequence[Cassette]) -> str:
    """Return `tests/cassettes.json`."""
    return json.dumps(counts_of(cassettes), indent=1) + "\n"


def main() -> None:
    """Judge the cassettes, then write the page and the counts."""
    cassettes = judged_cassettes()
    for path, text in ((PAGE, page_of(cassettes)), (COUNTS, counts_text(cassettes))):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
