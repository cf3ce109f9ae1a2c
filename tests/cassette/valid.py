"""Holds a cassette that a test has written to `specs/schemas/cassette.json`. No tests."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(__file__).parents[2] / "specs/schemas/cassette.json").read_text())


def validate(path: Path) -> None:
    """Raise if what a cassette has beyond VCR's format is not as the schema describes it."""
    for interaction in yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]:
        Draft202012Validator(SCHEMA).validate(interaction["response"]["stream"])
