"""Facts about judging a recorded run again: `check` of the folder says of each exchange what `run` said."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from deltaproof.checking import check
from deltaproof.drive.llamacpp.llamacpp import LlamaServer
from deltaproof.report.json_report import document
from deltaproof.verdict import Verdict
from tests.run.command import Command
from tests.run.lies import (
    Lie,
    Says,
    accepts_and_tells,
    accepts_anything,
    answers_without_choices,
    but,
    fails,
    ignores_stream,
    only_talks,
    refuses,
    refuses_in_html,
    streams_always,
)
from tests.run.polite import MODEL, Polite
from tests.run.server import Asked, response, serving


def by_scenario(exchanges: object) -> dict[str, list[str]]:
    """Return all that reports say of exchanges, apart from where they are, by scenario.

    Two streams at once are asked for in one order, and end in another.
    """
    assert isinstance(exchanges, list)
    told = defaultdict(list)
    for one in exchanges:
        told[one["scenario"]].append(json.dumps(one | {"source": "", "entry": 0}, sort_keys=True))
    return {name: sorted(those) for name, those in told.items()}


def twice(command: Command, folder: Path, *arguments: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Run and record, and judge the recording; return what both say."""
    ran = command(*arguments, "--record", folder, "--format", "json")
    return by_scenario(json.loads(ran.out)["exchanges"]), by_scenario(document(check(folder))["exchanges"])


def test_a_recorded_run_of_llama_cpp_is_judged_the_same_again(
    command: Command, llamacpp: LlamaServer, tmp_path: Path
) -> None:
    """Every exchange of the suite, with all verdicts and findings, also on how stream and plain answer compare."""
    ran, checked = twice(command, tmp_path, llamacpp.base_url, "--model", llamacpp.model)
    assert checked == ran
    assert check(tmp_path / "without-streaming.yaml").verdicts["parity-with-non-stream"] is Verdict.CONFORMS


@pytest.mark.parametrize(
    "lie",
    [
        Polite.answer,
        accepts_and_tells,
        accepts_anything,
        answers_without_choices,
        fails,
        ignores_stream,
        only_talks,
        refuses,
        refuses_in_html,
        streams_always,
    ],
)
@pytest.mark.parametrize("scenario", ["refuse-*", "without-streaming", "hang-up", "history", "two-streams"])
def test_a_recorded_run_is_judged_the_same_again(command: Command, tmp_path: Path, scenario: str, lie: Lie) -> None:
    """Whatever a server makes of bad requests, of one without streaming, and of one that the client leaves."""
    with serving(but(lie)) as server:
        ran, checked = twice(command, tmp_path, server.url, "--model", MODEL, "--scenario", scenario)
    assert checked == ran
    assert ran


def test_a_stream_that_differs_from_the_plain_answer_differs_in_the_recording(command: Command, tmp_path: Path) -> None:
    """The recording has the plain answer, so that the stream can be held against it."""

    def shouts(polite: Polite, asked: Asked) -> Says:
        if asked.json.get("stream"):
            yield from polite.answer(asked)
        else:
            whole = json.dumps(polite.whole(asked.json))
            yield response(whole.replace("get_current_weather", "GET_CURRENT_WEATHER").encode())

    with serving(but(shouts)) as server:
        ran, checked = twice(command, tmp_path, server.url, "--model", MODEL, "--scenario", "without-streaming")
    assert checked == ran
    assert check(tmp_path).verdicts["parity-with-non-stream"] is Verdict.DEVIATES
