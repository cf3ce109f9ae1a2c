"""Facts about rules and faults held against each other: each fault brings its own deviation, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from deltaproof.cassette import read_path
from deltaproof.catalog import Level, load
from deltaproof.exchange import End, Exchange
from deltaproof.faults import FAULTS, Fault, InapplicableError
from deltaproof.verdict import Verdict, judge

STREAMS = Path(__file__).parent / "streams"
CASSETTES = Path(__file__).parents[1] / "cassettes"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
SEEDS = (0, 1, 2)
ALL = os.environ.get("DELTAPROOF_ALL") == "1"
"""Whether every exchange of every cassette is broken in every way, which takes minutes."""

UNMEASURED = {"stall"}
"""Faults of what no stream of the folder has: these streams do not say how they arrived."""


class Cell(NamedTuple):
    """A fault applied to a stream that conforms, and the cases by which that deviates then, as `slug.case`."""

    fault: Fault
    stream: str
    seed: int
    found: frozenset[str]

    @property
    def expected(self) -> frozenset[str]:
        """What the fault says that it brings."""
        return expected(self.fault)


def expected(fault: Fault) -> frozenset[str]:
    """Return what a fault says that it brings."""
    return frozenset({fault.breaks, *fault.also} - {""})


def findings(exchange: Exchange) -> frozenset[str]:
    """Return the cases by which an exchange deviates where every deviation counts."""
    return frozenset(f"{finding.rule}.{finding.case}" for finding in judge(exchange, profile="openai-strict").findings)


def exchanges(folder: Path) -> Iterator[Exchange]:
    """Yield the exchanges of a folder."""
    return (sighting for sighting in read_path(folder) if isinstance(sighting, Exchange))


@cache
def own_streams() -> dict[str, Exchange]:
    """Return the streams of the tests by name; `answered` is one of them with its plain answer."""
    streams = {Path(exchange.source).stem: exchange for exchange in exchanges(STREAMS)}
    answer = json.loads((STREAMS / "one-call.answer.json").read_text(encoding="utf-8"))
    return streams | {"answered": replace(streams["one-call"], answer=answer)}


@cache
def real_streams() -> dict[str, Exchange]:
    """Return real streams of OpenAI, of every recorder a few: of those that tell the same, one."""
    index = [json.loads(line) for line in (CORPUS / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    alike = {
        tuple(
            str(row[key]) for key in ("source_repo", "model", "n_tool_calls", "has_usage_chunk", "finish_reasons")
        ): row
        for row in index
        if row["provider"] == "openai" and row["fidelity"] == "raw" and row["has_tool_calls"]
    }
    return {row["id"]: exchange for row in alike.values() for exchange in exchanges(CORPUS / f"{row['id']}.sse")}


@cache
def committed_streams() -> dict[str, Exchange]:
    """Return what the committed cassettes have by cassette, one exchange of each, or all of them.

    Faults of endings are not what they are where a failure has ended the stream already: such are left out.
    """
    streams: dict[str, Exchange] = {}
    for path in sorted(CASSETTES.glob("*/*.yaml")):
        for exchange in exchanges(path):
            judgement = judge(exchange, profile="openai-strict")
            if exchange.end is End.EOF and not judgement.transcript.errors:
                kind = "with notes" if judgement.findings else "clean"
                name = f"{path.parent.name}/{path.stem}"
                streams.setdefault(f"{name}#{exchange.entry}" if ALL else f"{name} {kind}", exchange)
    return streams


@cache
def recorded_streams() -> dict[str, Exchange]:
    """Return what servers of the committed cassettes do right to the last."""
    return {name: exchange for name, exchange in committed_streams().items() if not findings(exchange)}


@cache
def noted_streams() -> dict[str, tuple[Exchange, frozenset[str]]]:
    """Return what they do right but for notes, with these; of those that have the same notes, one unless all count."""
    noted: dict[object, tuple[str, Exchange, frozenset[str]]] = {}
    for name, exchange in committed_streams().items():
        grave = {finding.level for finding in judge(exchange).findings} - {Level.NOTE}
        if not grave and (found := findings(exchange)):
            noted.setdefault(name if ALL else (name.partition("/")[0], found), (name, exchange, found))
    return {name: (exchange, found) for name, exchange, found in noted.values()}


def cells(fault: Fault, streams: dict[str, Exchange], seeds: tuple[int, ...]) -> Iterator[Cell]:
    """Apply a fault to the streams that it can be applied to."""
    for name, exchange in streams.items():
        if exchange.answer and not fault.rule.startswith("parity"):
            continue  # whatever else changes the meaning of a stream, changes what it is compared with
        chosen: list[Exchange] = []
        for seed in seeds:
            try:
                broken = fault.apply(exchange, seed=seed)
            except InapplicableError:
                continue
            if broken not in chosen:
                chosen.append(broken)
                yield Cell(fault, name, seed, findings(broken))


@cache
def own_cells(fault: Fault) -> tuple[Cell, ...]:
    """Return the cells of a fault and the streams of the tests."""
    return tuple(cells(fault, own_streams(), SEEDS))


def wrong(measured: Iterator[Cell] | tuple[Cell, ...]) -> dict[tuple[str, int], tuple[list[str], list[str]]]:
    """Return what is missing and what is too much, by stream and seed, where there is anything."""
    return {
        (cell.stream, cell.seed): (sorted(cell.expected - cell.found), sorted(cell.found - cell.expected))
        for cell in measured
        if cell.found != cell.expected
    }


needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared recordings are not here")


@pytest.mark.parametrize("name", own_streams())
def test_a_conformant_stream_has_no_finding_and_leaves_nothing_undecided(name: str) -> None:
    """The strictest profile finds nothing in the streams of the tests, and has all the evidence that it wants."""
    judgement = judge(own_streams()[name], profile="openai-strict")
    assert judgement.findings == ()
    assert [slug for slug, verdict in judgement.verdicts.items() if verdict is Verdict.UNDECIDED] == []


def test_conformant_streams_exercise_every_rule() -> None:
    """Each rule conforms on some stream of the tests; there is none that only a broken stream could exercise."""
    conforming = {
        slug
        for exchange in own_streams().values()
        for slug, verdict in judge(exchange, profile="openai-strict").verdicts.items()
        if verdict is Verdict.CONFORMS
    }
    assert sorted(load().pages.keys() - conforming) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_brings_what_it_says_and_nothing_else(fault: Fault) -> None:
    """On every stream of the tests that it applies to, whatever it chooses: its case, and those it declares."""
    measured = own_cells(fault)
    assert wrong(measured) == {}
    assert bool(measured) is (fault.name not in UNMEASURED)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_brings_the_same_on_committed_cassettes(fault: Fault) -> None:
    """On what other servers sent, with their own keys and pieces: its case, and those it declares."""
    assert wrong(cells(fault, recorded_streams(), SEEDS if ALL else (0,))) == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_brings_the_same_beside_notes(fault: Fault) -> None:
    """Where a server's ways are notes, nothing else comes with a fault either."""
    before = {name: found for name, (_, found) in noted_streams().items()}
    measured = cells(fault, {name: exchange for name, (exchange, _) in noted_streams().items()}, SEEDS if ALL else (0,))
    off = {
        cell.stream: (sorted(cell.found - before[cell.stream]), sorted(before[cell.stream]))
        for cell in measured
        if cell.found - before[cell.stream] != cell.expected - before[cell.stream]
    }
    assert off == {}


def test_conformant_cassettes_are_of_several_servers() -> None:
    """Empower's example is among them, and each server but one that never ends a stream as it should."""
    assert {name.partition("/")[0] for name in recorded_streams()} == {
        "aimock",
        "empower",
        "litellm",
        "llama-cpp-python",
        "llama.cpp",
        "vllm",
    }


@needs_corpus
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_brings_the_same_on_real_streams(fault: Fault) -> None:
    """On what OpenAI really sent: its case, and those it declares."""
    assert wrong(cells(fault, real_streams(), (0,))) == {}


@needs_corpus
def test_real_streams_are_conformant() -> None:
    """The strictest profile finds nothing in what OpenAI really sent."""
    assert {name: found for name, stream in real_streams().items() if (found := findings(stream))} == {}


def test_every_case_of_every_rule_is_brought_by_a_fault() -> None:
    """No case of the catalog is without a fault that shows that it is noticed, and no fault breaks what is not there."""
    cases = {f"{slug}.{case}" for slug, page in load().pages.items() for case in page.cases}
    assert {case for fault in FAULTS for case in expected(fault)} == cases


@pytest.mark.parametrize("slug", load().pages)
def test_a_rule_that_is_not_there_is_missed_by_its_cells_alone(slug: str) -> None:
    """Without the findings of a rule, the cells of faults that name it fail and no other; one at least is its own.

    Rules know nothing of each other, so that leaving one out leaves its findings out and nothing else.
    """
    measured = [cell for fault in FAULTS for cell in own_cells(fault)]
    failing = {cell.fault.name for cell in measured if without(cell.found, slug) != cell.expected}
    naming = {fault.name for fault in FAULTS if without(expected(fault), slug) != expected(fault)}
    assert failing == naming
    assert any(fault.rule == slug for fault in FAULTS)


def without(cases: frozenset[str], slug: str) -> frozenset[str]:
    """Return the cases of all other rules."""
    return frozenset(case for case in cases if case.partition(".")[0] != slug)
