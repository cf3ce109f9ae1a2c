"""Facts about the generated parts of the repository: each is what its program would write now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deltaproof.accumulate.known import known_accumulators
from tools.corpus import CORPUS
from tools.figures import ROOT, generated, pinned
from tools.gateways import measured, page, words
from tools.gateways.__main__ import GATEWAYS
from tools.providers import COUNTS, PAGE, judged_corpus, page_of


@pytest.mark.parametrize(("path", "text"), [pytest.param(path, text, id=path.stem) for path, text in generated()])
def test_figures_and_indexes_are_up_to_date(path: Path, text: str) -> None:
    """What `make docs` would write is what is there."""
    assert path.read_text(encoding="utf-8") == text


def test_the_page_of_providers_tells_the_committed_counts() -> None:
    """`docs/providers.md` is made from `tests/providers.json`."""
    assert PAGE.read_text(encoding="utf-8") == page_of(json.loads(COUNTS.read_text(encoding="utf-8")))


def test_the_matrix_is_of_what_is_there() -> None:
    """`docs/accumulators-matrix.md` has every built-in accumulator at its pinned version, and every cassette."""
    text = (ROOT / "docs" / "accumulators-matrix.md").read_text(encoding="utf-8")
    wanted = [f"| {one.name} | {pinned(one)} |" for one in known_accumulators().values()]
    judged = json.loads((ROOT / "tests" / "cassettes.json").read_text(encoding="utf-8"))
    wanted += [
        f"| {folder}/{name}.yaml |"
        for folder, told in judged.items()
        for name, counts in told["cassettes"].items()
        if counts["judged"]
    ]
    assert [one for one in wanted if f"\n{one}" not in text] == []


def test_the_page_of_gateways_tells_what_was_measured() -> None:
    """`docs/gateways.md` is made from `tests/gateways.json`, which has every gateway that can be measured."""
    kept = measured.read()
    assert list(kept) == list(GATEWAYS)
    assert page.PAGE.read_text(encoding="utf-8") == page.page_of(kept)


def test_gateways_were_measured_with_the_cassettes_that_are_there() -> None:
    """After a change of the cassettes `python -m tools.gateways all` measures anew."""
    there = measured.committed()
    assert {name: one.recordings for name, one in measured.read().items()} == dict.fromkeys(GATEWAYS, there)


def test_what_is_told_of_gateways_in_words_was_measured() -> None:
    """A sentence that is not so any more, with a newer version of a gateway or of a rule, is found out."""
    assert words.stale(measured.read()) == []


def test_deltaproofs_own_proxy_comes_out_clean() -> None:
    """What others are told of is nothing that the recording proxy does itself."""
    own = measured.read()["record"]
    assert (own.wrong, own.told, [fault for fault, said in own.broken.items() if said]) == (0, (), [])


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded corpus is no part of the repository; ../shared is absent")
def test_every_provider_deviates_as_it_did() -> None:
    """Judging the corpus gives the committed counts: a change in them is a change of a rule, to be looked at."""
    assert judged_corpus() == json.loads(COUNTS.read_text(encoding="utf-8"))
