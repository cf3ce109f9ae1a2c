"""Facts about `--record`: what was sent and what was read is in a file per scenario, also where a stream broke."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from deltaproof.cassette import read_path
from deltaproof.exchange import End, Exchange
from tests.run.command import Command, Ran
from tests.run.lies import Lie, breaks_off, but, goes_silent
from tests.run.polite import MODEL, Polite
from tests.run.server import STREAM_HEAD, Act, Asked, piece, serving


def read(path: Path) -> list[Exchange]:
    """Return the streams in a recording."""
    return [found for found in read_path(path) if isinstance(found, Exchange)]


def test_a_recording_has_what_was_sent_and_read_byte_for_byte(command: Command, tmp_path: Path) -> None:
    """Bodies are those that the server got and sent; reads have times and sizes; it says where it is from."""
    with serving(Polite().answer) as server:
        assert command(server.url, "--model", MODEL, "--scenario", "values-*", "--record", tmp_path).code == 0
        sent = [asked.body for asked in server.asked if asked.json.get("tools")]
    names = ["values-closing-tag", "values-escaped", "values-unicode"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.yaml" for name in names]
    for name, body in zip(names, sent, strict=True):
        path = tmp_path / f"{name}.yaml"
        (exchange,) = read(path)
        assert exchange.body.startswith(b'data: {"id": "chatcmpl-')
        assert exchange.body.endswith(b"data: [DONE]\n\n")
        assert sum(one.size for one in exchange.reads) == len(exchange.body)
        assert (exchange.end, exchange.scenario) == (End.EOF, name)
        (interaction,) = yaml.safe_load(path.read_bytes())["interactions"]
        assert interaction["request"]["body"].encode() == body
        assert interaction["request"]["uri"] == f"{server.url}/chat/completions"
        provenance = interaction["response"]["stream"]["provenance"]
        assert sorted(provenance) == ["date", "deltaproof", "model", "scenario"]


def test_a_body_that_is_no_json_is_recorded_as_it_was_sent(command: Command, tmp_path: Path) -> None:
    """The broken request is evidence like any."""
    with serving(Polite().answer) as server:
        assert command(server.url, "--model", MODEL, "--scenario", "refuse-broken-json", "--record", tmp_path).code == 0
    (interaction,) = yaml.safe_load((tmp_path / "refuse-broken-json.yaml").read_bytes())["interactions"]
    assert interaction["request"]["body"] == (
        f'{{"model": "{MODEL}", "stream": true, "messages": [{{"role": "user", "content": "Good morning!"}}]'
    )
    assert interaction["response"]["status"]["code"] == 400


@pytest.mark.parametrize(("lie", "end"), [(breaks_off, End.CUT), (goes_silent, End.TIMEOUT)])
def test_a_stream_that_broke_is_recorded_with_its_end(command: Command, tmp_path: Path, lie: Lie, end: End) -> None:
    """All bytes that came are there."""
    with serving(but(lie)) as server:
        arguments = ("--model", MODEL, "--scenario", "plain-text", "--record", tmp_path, "--timeout", "0.5")
        assert command(server.url, *arguments).code == 1
    (exchange,) = read(tmp_path / "plain-text.yaml")
    assert exchange.end is end
    assert exchange.body.endswith(b'"finish_reason": null}]}\n\n')
    assert sum(one.size for one in exchange.reads) == len(exchange.body)


def test_every_request_of_a_scenario_is_in_its_recording(command: Command, tmp_path: Path) -> None:
    """The answer without streaming, the client that went, and each step of a sweep are there, in order."""
    with serving(Polite().answer) as server:
        command(server.url, "--model", MODEL, "--record", tmp_path)
    ends = {
        name: [
            (one["request"]["body"].count('"stream": true'), one["response"]["stream"]["end"])
            for one in yaml.safe_load((tmp_path / f"{name}.yaml").read_bytes())["interactions"]
        ]
        for name in ("without-streaming", "hang-up", "history", "two-streams", "max-tokens")
    }
    assert ends == {
        "without-streaming": [(1, "eof"), (0, "eof")],
        "hang-up": [(1, "client-gone"), (1, "eof")],
        "history": [(1, "eof")] * 2,
        "two-streams": [(1, "eof")] * 2,
        "max-tokens": [(1, "eof")] * 7,
    }


def test_a_recording_that_cannot_be_written_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    """A file where a folder should be is the operator's to remove."""
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "plain-text.yaml").mkdir()
    with serving(Polite().answer) as server:
        arguments = ("--model", MODEL, "--scenario", "plain-text", "--record", tmp_path / "evidence", "--overwrite")
        ran = command(server.url, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("deltaproof: ")
    assert ran.err.count("\n") == 1


def test_a_recording_is_replaced_only_where_that_is_asked_for(command: Command, tmp_path: Path) -> None:
    """Nothing is sent, and what was recorded stays; another scenario's recording is in nobody's way."""
    path = tmp_path / "plain-text.yaml"
    with serving(Polite().answer) as server:
        arguments = (server.url, "--model", MODEL, "--record", tmp_path, "--scenario")
        assert command(*arguments, "plain-text").code == 0
        before, asked = path.read_bytes(), len(server.asked)
        assert command(*arguments, "plain-text", "--scenario", "n-2") == Ran(
            2, "", f"deltaproof: {path}: a recording is there already. Name another folder, or add --overwrite\n"
        )
        assert (path.read_bytes(), len(server.asked)) == (before, asked)
        assert command(*arguments, "n-2").code == 0
        assert command(*arguments, "plain-text", "--overwrite").code == 0
        assert path.read_bytes() != before


def test_a_recording_tells_when_each_request_was_sent(command: Command, tmp_path: Path) -> None:
    """Moments in UTC, between the begin and the end of the run, in the order that the requests were sent."""
    begun = datetime.now(UTC)
    with serving(Polite().answer) as server:
        command(server.url, "--model", MODEL, "--scenario", "history", "--record", tmp_path)
    found = yaml.safe_load((tmp_path / "history.yaml").read_bytes())["interactions"]
    dates = [one["response"]["stream"]["provenance"]["date"] for one in found]
    moments = [datetime.fromisoformat(date) for date in dates]
    assert all(date.endswith("Z") for date in dates)
    told = [begun - timedelta(milliseconds=1), *moments, datetime.now(UTC)]  # they are told to the millisecond
    assert (len(moments), told) == (2, sorted(told))


def test_ctrl_c_prints_what_is_known_and_records_what_had_come(tmp_path: Path) -> None:
    """The scenarios before are judged, the one in mid-stream is recorded as far as it came, the rest is skipped."""
    polite = Polite()
    reading = threading.Event()
    padding = b": padding\n" * 100_000  # more than all buffers hold: when it is sent, the client has begun to read

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if "Before you call" in str(asked.json):
            yield STREAM_HEAD + piece(padding)
            reading.set()
            yield Act.SILENCE
        else:
            yield from polite.answer(asked)

    names = ("empower-weather", "plain-text", "text-before-call", "tool-choice-auto")
    with serving(script) as server:
        scenarios = [word for name in names for word in ("--scenario", name)]
        program = str(Path(sys.executable).with_name("deltaproof"))
        command = [program, "run", server.url, "--model", MODEL, "--record", str(tmp_path), *scenarios]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert reading.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines() == [
        "1/4 empower-weather: judged",
        "2/4 plain-text: judged",
        "3/4 text-before-call: skipped",
    ]
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(names)] == [
        ["empower-weather", "judged"],
        ["plain-text", "judged"],
        ["text-before-call", "skipped"],
        ["tool-choice-auto", "skipped"],
    ]
    assert "skipped  text-before-call: interrupted" in [line.rstrip() for line in lines]
    assert "skipped  tool-choice-auto: not run: interrupted" in [line.rstrip() for line in lines]
    assert out.split()[-3:] == ["0", "notes;", "interrupted"]
    (exchange,) = read(tmp_path / "text-before-call.yaml")
    assert exchange.end is End.CLIENT_GONE
    assert exchange.body
    assert padding.startswith(exchange.body)
    assert not (tmp_path / "tool-choice-auto.yaml").exists()
