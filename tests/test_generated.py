"""Facts about the generated parts of the repository: each is what its program would write now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.corpus import CORPUS
from tools.figures import generated
from tools.providers import COUNTS, PAGE, judged_corpus, page_of


@pytest.mark.parametrize(("path", "text"), [pytest.param(path, text, id=path.stem) for path, text in generated()])
def test_figures_and_indexes_are_up_to_date(path: Path, text: str) -> None:
    """What `make docs` would write is what is there."""
    assert path.read_text(encoding="utf-8") == text


def test_the_page_of_providers_tells_the_committed_counts() -> None:
    """`docs/providers.md` is made from `tests/providers.json`."""
    assert PAGE.read_text(encoding="utf-8") == page_of(json.loads(COUNTS.read_text(encoding="utf-8")))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded corpus is no part of the repository; ../shared is absent")
def test_every_provider_deviates_as_it_did() -> None:
    """Judging the corpus gives the committed counts: a change in them is a change of a rule, to be looked at."""
    assert judged_corpus() == json.loads(COUNTS.read_text(encoding="utf-8"))
