"""Facts about `deltaproof replay --through`, from outside."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange
from tests.cli.command import COMMAND, Ran, deltaproof
from tests.run.server import Act, Asked, Running, Script, serving
from tests.snapshot.test_file import validator
from tests.through import gateways
from tests.through.gateways import Gateway
from tests.through.rig import STREAMS, free_port


@dataclass(frozen=True, slots=True)
class Setting:
    """A gateway that runs, and where it expects its upstream."""

    server: Running
    port: int

    @property
    def options(self) -> tuple[str, ...]:
        """What the command has to be told of it."""
        return ("--through", self.server.url, "--upstream-port", str(self.port))


@contextmanager
def set_up(gateway: Gateway) -> Iterator[Setting]:
    """Run a gateway for as long as the block runs."""
    port = free_port()
    with serving(gateway(port)) as server:
        yield Setting(server, port)


def replay(gateway: Gateway, names: Sequence[str], *options: str | Path, columns: int = 80) -> Ran:
    """Run the command on some of the tests' streams; the ports and times of the run do not count."""
    with set_up(gateway) as setting:
        files = [f"{name}.sse" for name in names]
        ran = deltaproof("replay", *files, *setting.options, *options, cwd=STREAMS, columns=columns)
        ports = {str(setting.port): "UP", setting.server.url.split(":")[2].removesuffix("/v1"): "PORT"}
    out, err = ran.out, ran.err
    for port, word in ports.items():
        out, err = out.replace(port, word), err.replace(port, word)
    return Ran(ran.code, out, err)


def without_times(out: str) -> str:
    """Return a report up to the times in it."""
    return (
        out.rpartition(";")[0] if "first fragment" not in out else out.partition("first fragment")[0].rpartition(";")[0]
    )


def test_a_clean_gateway_is_three_lines() -> None:
    """How many passages, what the gateway adds to the first fragment, and what it takes before; exit 0."""
    ran = replay(gateways.HONEST, ["one-call", "text", "refused"], columns=200)
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 3)
    assert ran.out.startswith("3 passages through http://127.0.0.1:PORT/v1: 3 as they should be; ")
    line = ran.out.splitlines()[1]
    assert line.startswith("first fragment: ")
    assert line.endswith(" ms added (median), over 2 passages; none held back")
    assert re.fullmatch(r"the upstream was asked after [0-9.]+ ms \(median\)", ran.out.splitlines()[2])


IDS_80 = """\
✗ deviates  tool-call-open-id  error: the call never gets an id that is a string
(1 passage)
  found  the call has no id
  where  one-call.sse
  in     event 1, byte 0: data: {…
         "choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_
         calls":[{"index":0,"id":"call_sISsZ …
         refusal":null},"logprobs":null,"finish_reason":null}]}
  out    event 1, byte 0: data: {…
         "choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_
         calls":[{"index":0,"id":null,"type" …
         refusal":null},"logprobs":null,"finish_reason":null}]}
  why    The id is what the tool's answer refers to; without one a client drops
         the call, fails, or invents an id that the server never saw.
  page   deltaproof rules tool-call-open-id
"""


def test_what_is_wrong_is_told_once_with_both_sides() -> None:
    """What, where, the words that went in and came out, the page; grouped, however many recordings show it; exit 1."""
    ran = replay(gateways.DROPS_IDS, ["one-call", "two-calls", "text", "named", "required"])
    assert (ran.code, ran.err) == (1, "")
    one = replay(gateways.DROPS_IDS, ["one-call"])
    assert one.out.startswith(IDS_80)
    assert ran.out.count("✗") == one.out.count("✗") == 2
    assert "(4 passages)" in ran.out
    assert "  where  one-call.sse, two-calls.sse, named.sse and 1 more\n" in ran.out
    assert '  found  the id "call_sISsZHcFWbn4Fg3fjMGhsHe8" of get_tide became nothing\n' in ran.out
    assert "  page   deltaproof rules tool-call-open-id\n" in ran.out
    assert (
        "5 passages through http://127.0.0.1:PORT/v1: 1 as they should be, 4 not; 4\ndeviates, 4 ids-lost;" in ran.out
    )


def test_a_repair_is_worth_knowing() -> None:
    """It is a note with its rule and how often; only --fail-on note makes it exit 1."""
    options = ("--faults", "name-null")
    ran = replay(gateways.REPAIRS_NULL_NAMES, ["one-call", "two-calls"], *options, columns=120)
    assert (ran.code, ran.err) == (0, "")
    assert without_times(ran.out) == (
        "Worth knowing\n"
        "· repaired  tool-call-continuation-name: the name as null  2\n"
        "    one-call.sse + name-null, two-calls.sse + name-null\n"
        "\n"
        "4 passages through http://127.0.0.1:PORT/v1: 4 as they should be; 2 repaired"
    )
    assert replay(gateways.REPAIRS_NULL_NAMES, ["one-call"], *options, "--fail-on", "note").code == 1
    assert replay(gateways.DROPS_IDS, ["one-call"], "--fail-on", "error").code == 0


def test_json_is_as_its_schema_has_it() -> None:
    """Every passage with what is said of it and both messages, where nothing is wrong and where no answer comes."""
    for gateway, code in ((gateways.HONEST, 0), (gateways.DROPS_IDS, 1), (gateways.garbling, 1)):
        ran = replay(gateway, ["one-call", "two-choices", "refused"], "--format", "json", "--faults", "error-told")
        report = json.loads(ran.out)
        validator("through.json").validate(report)
        assert (ran.code, len(report["passages"]), report["unsent"], report["strays"]) == (code, 5, [], {})
    assert report["totals"]["kinds"]["error"] == 5
    assert {passage["came"] is None for passage in report["passages"]} == {True}


def test_a_passage_names_its_recording_and_its_fault() -> None:
    """Apart, so that nobody has to take the name to pieces; a fault that changes nothing played is said to be left out."""
    ran = replay(gateways.HONEST, ["one-call"], "--format", "json", "--faults", "name-null,stall")
    told = "it applies to none of the recordings, or changes times alone, which are not played"
    assert ran.err == f"left out: stall: {told}\n"
    passages = json.loads(ran.out)["passages"]
    assert [(one["name"], one["recording"], one["fault"]) for one in passages] == [
        ("one-call.sse", "one-call.sse", None),
        ("one-call.sse + name-null", "one-call.sse", "name-null"),
    ]


def test_recordings_of_one_name_are_named_below_what_they_have_in_common(tmp_path: Path) -> None:
    """All of them, so that a report has names of one kind."""
    for folder, name in (("a", "text"), ("b", "text"), ("b", "one-call")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.sse").write_bytes((STREAMS / f"{name}.sse").read_bytes())
    with set_up(gateways.HONEST) as setting:
        ran = deltaproof("replay", "a", "b", *setting.options, "--format", "json", cwd=tmp_path)
    names = [passage["name"] for passage in json.loads(ran.out)["passages"]]
    assert sorted(names) == ["a/text.sse", "b/one-call.sse", "b/text.sse"]


def test_what_is_held_back_is_left_out_of_the_times() -> None:
    """What a gateway adds is told of what came by itself; where there is none, only how many were held back."""
    ran = replay(gateways.buffering, ["one-call"], columns=200)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "first fragment: held back in 1 passage")


def test_a_query_of_the_gateway_is_kept() -> None:
    """It goes with every request, and the report names the gateway by it."""
    with set_up(gateways.HONEST) as setting:
        url = f"{setting.server.url}?api-version=1"
        options = ("--through", url, "--upstream-port", str(setting.port), "--format", "json")
        ran = deltaproof("replay", "text.sse", *options, cwd=STREAMS)
    assert json.loads(ran.out)["gateway"] == url
    assert {asked.path for asked in setting.server.asked} == {
        "/v1/models?api-version=1",
        "/v1/chat/completions?api-version=1",
    }


def test_the_page_names_the_gateway_and_what_it_adds_and_is_otherwise_the_same_again() -> None:
    """As the text does; but for the time in that line, the page can be kept and compared."""
    options = ("--format", "markdown", "--faults", "cut-reset")
    pages = [replay(gateways.completing, ["one-call", "text"], *options).out for _ in range(2)]
    first, again = (re.sub(r"[0-9.]+ ms", "N ms", page) for page in pages)
    assert first == again
    lines = first.splitlines()
    assert lines[0] == "# What came out of a gateway"
    assert lines[2].startswith("4 passages, judged by deltaproof ")
    assert lines[4:8] == [
        "- gateway: `http://127.0.0.1:PORT/v1`",
        "- first fragment: N ms added (median), over 4 passages; none held back",
        "- the upstream was asked after N ms (median)",
        "",
    ]
    assert "| swallowed | an error or a cut that nobody is told of | 2 |" in lines
    assert "### swallowed: an error or a cut that nobody is told of: the connection was reset (2 passages)" in lines


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    """Standard output is then empty."""
    ran = replay(gateways.HONEST, ["text"], "-o", tmp_path / "report")
    assert (ran.code, ran.out) == (0, "")
    assert (tmp_path / "report").read_text().startswith("1 passage through")


def test_what_came_out_is_written(tmp_path: Path) -> None:
    """A cassette for each recording and fault, with the request as sent; what is there is not replaced."""
    folder = tmp_path / "out"
    with set_up(gateways.DROPS_IDS) as setting:
        options = [*setting.options, "--faults", "cut-reset", "--record", str(folder), "--model", "other"]
        assert deltaproof("replay", STREAMS / "one-call.sse", *options, cwd=tmp_path).code == 1
        again = deltaproof("replay", STREAMS / "one-call.sse", *options, cwd=tmp_path)
    there = folder / "one-call+cut-reset.yaml"
    assert sorted(path.name for path in folder.iterdir()) == [there.name, "one-call.yaml"]
    (kept,) = (one for one in read_path(folder / "one-call.yaml") if isinstance(one, Exchange))
    assert (kept.request or {})["model"] == "other"
    assert b'"id":null' in kept.body
    assert again == (
        2,
        "",
        f"deltaproof: {there.with_name('one-call.yaml')}: a recording is there already. Name another folder\n",
    )


def test_what_is_sent_is_the_recorded_request_but_for_marker_and_model() -> None:
    """The marker stands in the last message; nothing else is changed."""
    with set_up(gateways.HONEST) as setting:
        deltaproof("replay", "two-calls.sse", *setting.options, "--model", "new", cwd=STREAMS)
    (asked,) = (one for one in setting.server.asked if one.method == "POST")
    recorded = json.loads((STREAMS / "two-calls.request.json").read_bytes())
    sent = asked.json
    assert isinstance(sent["messages"], list)
    words = sent["messages"][-1]["content"].removeprefix(recorded["messages"][-1]["content"])
    assert words.startswith(" dp")
    recorded["messages"][-1]["content"] += words
    assert sent == {**recorded, "model": "new"}


def test_a_gateway_that_never_asks_is_told_so() -> None:
    """What came of it is told all the same; then what to look at; exit 2."""
    ran = replay(gateways.alone, ["text", "one-call"])
    assert ran.code == 2
    assert ran.out
    assert ran.err == (
        "deltaproof: http://127.0.0.1:PORT/v1: it never asked http://127.0.0.1:UP/v1: is it configured with that"
        " upstream? It answers by itself\n"
    )


def test_what_the_upstream_is_asked_without_a_marker_is_told() -> None:
    """Whose answer it wants cannot be known; it is refused, and the report says what was asked, and how often."""
    ran = replay(gateways.rewording, ["text", "one-call"], columns=200)
    assert ran.code == 2
    assert "asked of the upstream without a marker: POST /v1/chat/completions (2 times)\n" in ran.out
    assert ran.err == (
        "deltaproof: http://127.0.0.1:PORT/v1: nothing that it asked http://127.0.0.1:UP/v1 has the marker that was in"
        " the request's last message. What came of 2 of 2: the status is 400: this request has no marker of a recording"
        " that is under way\n"
    )


def test_a_gateway_that_is_not_there_is_one_line() -> None:
    """Nobody there: exit 2."""
    options = ("--through", "http://127.0.0.1:1/v1", "--upstream-port", str(free_port()))
    assert deltaproof("replay", "text.sse", *options, cwd=STREAMS) == (
        2,
        "",
        (
            "deltaproof: http://127.0.0.1:1/v1: nothing listens there: the connection was refused. Is the gateway"
            " running, and on this port?\n"
        ),
    )


def test_a_gateway_that_wants_a_key_is_one_line() -> None:
    """As with --to."""
    ran = replay(gateways.locked, ["text"])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "deltaproof: http://127.0.0.1:PORT/v1: a key is wanted, status 401: who are you. Name the environment variable"
        " that holds it: --api-key-env NAME\n"
    )


def test_an_upstream_port_that_is_taken_is_one_line() -> None:
    """Two cannot listen there; the hint names the option that is to be changed."""
    with set_up(gateways.HONEST) as setting, set_up(gateways.HONEST) as other:
        taken = other.server.url.split(":")[2].removesuffix("/v1")
        ran = deltaproof("replay", "text.sse", "--through", setting.server.url, "--upstream-port", taken, cwd=STREAMS)
    assert ran == (
        2,
        "",
        (
            f"deltaproof: 127.0.0.1:{taken}: it cannot be listened on: Address already in use. Choose another"
            " --upstream-port, and tell the gateway of it\n"
        ),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_upstream_itself_is_no_gateway(host: str) -> None:
    """Whatever it is called: nothing would take part, and all would be as it should be."""
    port = free_port()
    url = f"http://{host}:{port}"
    ran = deltaproof("replay", "text.sse", "--through", url, "--upstream-port", str(port), cwd=STREAMS)
    assert ran == (
        2,
        "",
        (
            f"deltaproof: {url}: this is where the recordings are played (--upstream-port {port}), and no gateway: nothing"
            " would take part. Name the gateway's own port\n"
        ),
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--through", "http://127.0.0.1:1/v1"), "--through needs --upstream-port PORT"),
        (
            ("--through", "http://127.0.0.1:1", "--upstream-port", "9", "--timeout", "1"),
            "--timeout with --through is 2",
        ),
        (("--through", "http://127.0.0.1:1", "--to", "http://127.0.0.1:1"), "--to and --through do not go together"),
        (("--through", "http://127.0.0.1:1", "--upstream-port", "9", "--format", "html"), "--format html is for"),
        (("--steps", "--upstream-port", "9"), "--upstream-port is for --through"),
        (("--accumulator", "openai", "--fail-on", "note"), "--fail-on note is for --through"),
    ],
)
def test_wrong_usage_is_said(options: tuple[str, ...], error: str) -> None:
    """What does not go together: exit 2."""
    ran = deltaproof("replay", "text.sse", *options, cwd=STREAMS)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith(f"Error: {error}")


def test_ctrl_c_tells_what_is_known_so_far() -> None:
    """What has passed is judged and told, what was not sent is named; exit 130."""
    hangs = threading.Event()

    def second_hangs(port: int) -> Script:
        honest = gateways.HONEST(port)

        def script(asked: Asked) -> Iterator[bytes | Act]:
            if b"lighthouse" in asked.body:
                hangs.set()
                yield Act.SILENCE
            yield from honest(asked)

        return script

    with set_up(second_hangs) as setting:
        command = [
            str(COMMAND),
            "replay",
            "text.sse",
            "two-choices.sse",
            "one-call.sse",
            *setting.options,
            "--jobs",
            "1",
        ]
        running = subprocess.Popen([*command, "--format", "json"], cwd=STREAMS, stdout=subprocess.PIPE)
        assert hangs.wait(30)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    report = json.loads(out)
    validator("through.json").validate(report)
    assert running.returncode == 130
    assert [passage["name"] for passage in report["passages"]] == ["text.sse"]
    assert report["unsent"] == ["two-choices.sse", "one-call.sse"]
