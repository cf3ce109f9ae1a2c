"""Facts about snapshots of streams that were really recorded: they hold, and they show what breaks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from deltaproof.cassette import read_path
from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.exchange import Exchange
from deltaproof.faults import FAULTS, Fault, InapplicableError
from deltaproof.snapshot import Shape, changes
from deltaproof.snapshot.file import read_snapshot, write_snapshot
from tests.snapshot.streams import shape
from tests.snapshot.test_words import NOWHERE_SEEN

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no recorded streams in ../shared/corpus")


@cache
def openai() -> tuple[Exchange, ...]:
    """Return some raw streams of OpenAI's."""
    index = [json.loads(line) for line in (CORPUS / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    ids = [row["id"] for row in index if (row["provider"], row["fidelity"]) == ("openai", "raw")]
    files = [CORPUS / f"{one}.sse" for one in ids[::12]]
    return tuple(one for file in files for one in read_path(file) if isinstance(one, Exchange))


def exchanges() -> list[Exchange]:
    """Return every recorded stream."""
    return [one for one in read_path(CORPUS) if isinstance(one, Exchange)]


def test_every_recorded_stream_is_as_it_was_kept(tmp_path: Path) -> None:
    """All their shapes in one file, read again: no difference to shapes that are made anew."""
    made: dict[str, Shape] = {one.source: shape(one) for one in exchanges()}
    assert len(made) > 700
    write_snapshot(tmp_path / SNAPSHOT, made)
    kept = read_snapshot(tmp_path / SNAPSHOT)
    assert [name for name in made if changes(kept[name], made[name])] == []
    assert kept == made


def test_shapes_of_recorded_streams_are_short() -> None:
    """However long the stream; only one that opens fifteen calls has more than eighteen steps."""
    longest = sorted(max((len(choice.arrived) for choice in shape(one).choices), default=0) for one in exchanges())
    assert longest[-2] <= 18


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.breaks], ids=lambda fault: fault.name)
def test_a_fault_in_a_recorded_stream_is_told(fault: Fault) -> None:
    """On one of OpenAI's own streams: the rule is named that the fault breaks."""
    for exchange in openai():
        try:
            broken = fault.apply(exchange)
        except InapplicableError:
            continue
        found = changes(shape(exchange), shape(broken))
        assert [change.text for change in found if change.rule == fault.rule] or fault.name in NOWHERE_SEEN
        return
    pytest.skip("no stream of the sample has what this fault breaks")
