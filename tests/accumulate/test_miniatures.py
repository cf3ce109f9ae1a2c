"""Facts about the whole way, from a recording to the matrix: every outcome has a miniature, and none stops the run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from deltaproof.accumulate.outcome import Outcome
from tests.cli.command import deltaproof

HERE = Path(__file__).parent
STREAMS = HERE.parent / "streams"
SCHEMA = HERE.parents[1] / "specs" / "schemas" / "matrix.json"
ONES = ("error-told", "one-call", "two-calls")

OUTCOMES = {
    "honest": ("raised", "right", "right"),
    "lazy": ("swallowed", "right", "right"),
    "EMPTIES_ARGUMENTS": ("raised", "wrong-executable", "wrong-executable"),
    "CUTS_ARGUMENTS": ("raised", "wrong-unusable", "wrong-unusable"),
    "LOSES_CALL": ("raised", "lost", "lost"),
    "LOSES_ID": ("raised", "ids-lost", "ids-lost"),
    "LOSES_FINISH": ("raised", "finish-lost", "finish-lost"),
    "raises": ("raised", "error", "error"),
    "hangs": ("no-answer", "no-answer", "no-answer"),
    "crashes": ("error", "error", "error"),
    "floods": ("error", "error", "error"),
    "leaves_a_child": ("raised", "right", "right"),
}
"""What comes of these three in each miniature."""

REASONS = {
    "hangs": "no answer within 2 s",
    "crashes": "it ended with exit code 3",
    "floods": "it printed more than 32 MiB",
}


class Told(NamedTuple):
    """What a report tells: the outcome and its reason by stream and miniature, and how many processes each left."""

    cells: dict[tuple[str, str], tuple[str, str]]
    left: dict[str, int]


def command(name: str) -> str:
    """Return the command that folds with a miniature; it says at once that it is ready."""
    ready = "import json; print(json.dumps({'ready': True}), flush=True)"
    client = f"sys.argv[1:] = [{name!r}]; sys.path.insert(0, {str(HERE)!r})"
    return f'{sys.executable} -c "{ready}; import sys; {client}; exec(open({str(HERE / "tiny_client.py")!r}).read())"'


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Let all miniatures fold three streams in one run, and return what is told of them."""
    folder = tmp_path_factory.mktemp("miniatures")
    for name in ONES:
        for found in STREAMS.glob(f"{name}.*"):
            shutil.copy(found, folder)
    options = [word for name in OUTCOMES for word in ("--accumulator", command(name))]
    options += ["--persistent", "--limit", "2", "--format", "json"]
    ran = deltaproof("replay", ".", *options, cwd=folder, timeout=240)
    assert (ran.code, ran.err) == (1, "")
    document = json.loads(ran.out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    names = {command(name): name for name in OUTCOMES}
    cells = {
        (stream["name"].removesuffix(".sse"), names[client]): (cell["outcome"], cell["reason"])
        for stream in document["streams"]
        for client, cell in stream["cells"].items()
    }
    return Told(cells, {names[one["name"]]: one["left"] for one in document["accumulators"]})


def test_every_outcome_comes_of_a_miniature(told: Told) -> None:
    """Each lie has its outcome, and those that hang, crash or flood hold up neither others nor themselves."""
    found = {name: tuple(told.cells[stream, name][0] for stream in ONES) for name in OUTCOMES}
    assert found == OUTCOMES
    assert {outcome for outcomes in found.values() for outcome in outcomes} == set(Outcome)


def test_no_answer_has_its_reason(told: Told) -> None:
    """What was ended, or ended itself, says how, for every stream."""
    reasons = {name: {told.cells[stream, name][1] for stream in ONES} for name in REASONS}
    assert reasons == {name: {reason} for name, reason in REASONS.items()}


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="only there does the system tell what a driver left"
)
def test_what_is_left_behind_is_counted(told: Told) -> None:
    """A driver that started a process for each of three streams is told of; what it said of them counts."""
    assert told.left == {name: 3 if name == "leaves_a_child" else 0 for name in OUTCOMES}
