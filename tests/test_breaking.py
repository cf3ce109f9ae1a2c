"""Facts about recordings with several faults, and about broken recordings that are written and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.breaking import broken
from deltaproof.cassette import read_path, write_cassette
from deltaproof.exchange import Exchange
from deltaproof.faults import FAULTS, InapplicableError, chosen
from tests.test_diagonal import findings

CASSETTES = Path(__file__).parents[1] / "cassettes"
RECORDED = CASSETTES / "aimock" / "two-calls-two-tools.yaml"


def recorded(path: Path) -> Exchange:
    """Return the first exchange of a cassette."""
    return next(one for one in read_path(path) if isinstance(one, Exchange))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("name-split,name-late", None),
        ("id-missing,id-empty", "id-missing and id-empty do not go together: then tool-call-open-id.missing does not show"),
        ("id-empty,name-null", None),
        ("done-twice,done-space", None),
        ("name-null,role-late,done-missing", None),
        ("name-null,cut-reset", None),
        ("cut-reset,name-null", None),
        (
            "done-missing,cut-clean,role-user",
            "done-missing and cut-clean and role-user do not go together: then done-sentinel.missing does not show",
        ),
        (
            "index-all-0,index-null",
            "index-all-0 and index-null do not go together: then tool-call-index-identity.reused does not show",
        ),
        ("refused-page,bom", "bom does not apply after refused-page: there is no chunk with a choice"),
    ],
)  # fmt: skip
def test_faults_that_undo_each_other_are_refused(names: str, told: str | None) -> None:
    """Each fault that would show alone shows beside the others, or the error says which does not."""
    exchange = recorded(RECORDED)
    faults = chosen(names)
    if told is None:
        assert {fault.breaks for fault in faults} <= findings(broken(exchange, faults))
    else:
        with pytest.raises(InapplicableError) as caught:
            broken(exchange, faults)
        assert (caught.value.what, caught.value.where) == (told, str(RECORDED))


def test_a_broken_recording_is_the_same_once_it_is_written_and_read(tmp_path: Path) -> None:
    """Body, request with its bytes, head, times and end: a cassette keeps all that a fault has changed."""
    lost = {}
    path = tmp_path / "broken.yaml"
    for source in (RECORDED, CASSETTES / "llama.cpp" / "plain-text.yaml"):
        exchange = recorded(source)
        for fault in FAULTS:
            try:
                changed = broken(exchange, [fault])
            except InapplicableError:
                continue
            if len(changed.body) > 2**20:
                continue  # a comment of 16 MiB
            write_cassette(path, [changed], provenance={})
            again = recorded(path)
            same = replace(changed, source=again.source, provenance=again.provenance)
            if again != same:
                lost[source.name, fault.name] = again
    assert lost == {}
