"""Facts about real clients: what openai, smolagents and the AI SDK make of every committed cassette."""

from __future__ import annotations

import json
from pathlib import Path

from tests.accumulate.environments import HOME, installed
from tests.cli.command import deltaproof

REPOSITORY = Path(__file__).parents[2]


def test_the_cheap_set_makes_of_every_cassette_what_it_is_known_to_make() -> None:
    """tests/accumulators.json has what is known to be wrong; docs/accumulators-matrix.md says how it is written anew."""
    installed("smolagents")
    installed("openai-node")
    options = ("--accumulator", "cheap", "--baseline", "tests/accumulators.json", "--limit", "60", "--format", "json")
    ran = deltaproof("replay", "cassettes", *options, cwd=REPOSITORY, DELTAPROOF_HOME=str(HOME), timeout=300)
    document = json.loads(ran.out)
    assert [one["skipped"] for one in document["accumulators"]] == [None] * len(document["accumulators"])
    assert (document["unexpected"], ran.code, ran.err) == ([], 0, "")


def test_the_loops_that_are_printed_lose_what_they_are_known_to_lose() -> None:
    """The document's loop and the guides' loop: the second call of a chunk, arguments beside a name, a usage chunk."""
    expected = json.loads((REPOSITORY / "tests" / "accumulators.json").read_text(encoding="utf-8"))["expected"]
    told = {
        (recording, name): expected[recording][name]
        for recording in ("aimock/usage-included.yaml", "transformers/empower-weather.yaml", "aimock/plain-text.yaml")
        for name in ("document-loop", "guide-loop")
    }
    assert told == {
        ("aimock/usage-included.yaml", "document-loop"): "error",
        ("aimock/usage-included.yaml", "guide-loop"): "error",
        ("transformers/empower-weather.yaml", "document-loop"): "wrong-executable",
        ("transformers/empower-weather.yaml", "guide-loop"): "wrong-unusable",
        ("aimock/plain-text.yaml", "document-loop"): "lost",
        ("aimock/plain-text.yaml", "guide-loop"): "finish-lost",
    }
