"""Facts about `specs/schemas/cassette.json`, which says to other languages what our cassettes have beyond VCR's format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator

from deltaproof.cassette import write_cassette
from deltaproof.exchange import End, Exchange, Fidelity
from tests.cassette.recorded import PROVENANCE, exchanges

SCHEMA = json.loads((Path(__file__).parents[2] / "specs/schemas/cassette.json").read_text())


@given(written=exchanges())
def test_the_schema_describes_what_is_written(written: Exchange, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`specs/schemas/cassette.json` holds for any exchange's `response.stream`."""
    path = tmp_path_factory.mktemp("cassette") / "a.yaml"
    write_cassette(path, [written], provenance=PROVENANCE)
    (interaction,) = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(interaction["response"]["stream"])


@pytest.mark.parametrize(
    "stream",
    [
        {"end": "EOF"},
        {"fidelity": "exact"},
        {"reads": []},
        {"reads": [{"at": 1, "size": 2}]},
        {"reads": ["12.031"]},
        {"reads": ["-1 2"]},
        {"reads": ["1. 2"]},
        {"provenance": {"version": 1.0}},
        {"answer": {"choices": []}},
        [],
    ],
    ids=str,
)
def test_the_schema_refuses_what_we_do_not_write(stream: object) -> None:
    """A recorder in another language learns from the schema what we would not read."""
    assert not Draft202012Validator(SCHEMA).is_valid(stream)


def test_the_schema_knows_all_words() -> None:
    """An end or a fidelity that is added is added to the schema."""
    words = SCHEMA["properties"]
    assert (words["end"]["enum"], words["fidelity"]["enum"]) == (list(End), list(Fidelity))
