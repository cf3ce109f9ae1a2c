"""What was measured of a gateway, and the file that keeps it: shapes, reading and writing. Measures nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.servers.environment import ROOT

KEPT = ROOT / "tests" / "gateways.json"
CASSETTES = ROOT / "cassettes"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was said of some passages.

    Attributes:
        kind: a kind of remark, as `specs/schemas/through.json` has it.
        rule: the rule and the case that it is about, with a dot between them; empty where it is about none.
        means: what it is, a phrase: that of the rule's case, else the reason.
        passages: of how many it was said.
        names: the first of them.
        came: what stood there in what came out of the first, shortened; empty where there was nothing.
    """

    kind: str
    rule: str
    means: str
    passages: int
    names: tuple[str, ...]
    came: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of the committed cassettes in a gateway.

    Attributes:
        title, version, settings, configuration: which gateway, and how it was set up, in words and in its own.
        deltaproof: the version that judged.
        recordings: the names of the cassettes, by folder.
        passages, wrong: how many passages there were, and with how many something is wrong.
        held: in how many the first fragment was held back.
        median, p99: milliseconds added to the first fragment where it was not; half and 99 of 100 are below. None where
            there were none, or it is not known.
        told: what was said of them, the gravest first.
        broken: by fault, what was said of the recordings that were broken so, and was not of the whole ones: how often.
        tried: by fault, to how many recordings it applies.
    """

    title: str
    version: str
    settings: str
    configuration: str
    deltaproof: str
    recordings: Mapping[str, str]
    passages: int
    wrong: int
    held: int
    median: float | None
    p99: float | None
    told: tuple[Told, ...]
    broken: Mapping[str, Mapping[str, int]]
    tried: Mapping[str, int]


def committed() -> dict[str, str]:
    """Return the names of the committed cassettes, by folder."""
    folders = sorted(folder for folder in CASSETTES.iterdir() if folder.is_dir())
    return {folder.name: " ".join(sorted(path.stem for path in folder.glob("*.yaml"))) for folder in folders}


def read(path: Path = KEPT) -> dict[str, Measured]:
    """Return what is kept, by the names of gateways; nothing where there is no file."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: _measured(one) for name, one in kept.items()}


def _measured(one: dict[str, object]) -> Measured:
    told = one.pop("told")
    if not isinstance(told, list):
        raise TypeError(told)
    return Measured(told=tuple(Told(**{**each, "names": tuple(each["names"])}) for each in told), **one)  # type: ignore[arg-type]  # as it was written


def text_of(measured: Mapping[str, Measured]) -> str:
    """Return the text of the file."""
    kept = {name: asdict(one) for name, one in measured.items()}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
