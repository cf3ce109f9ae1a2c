"""Facts about `deltaproof replay --accumulator` and `deltaproof accumulators`, from outside."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from string import ascii_lowercase

import jsonschema
import pytest

from deltaproof.accumulate.matrix import Cell, Column, FailOn, Matrix, fails
from deltaproof.accumulate.outcome import Outcome
from tests.cli.command import Ran, deltaproof

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
STREAMS = REPOSITORY / "tests" / "streams"
SCHEMA = REPOSITORY / "specs" / "schemas" / "matrix.json"


def tiny(name: str) -> str:
    """Return the command that folds with a miniature."""
    return f"{sys.executable} {HERE / 'tiny_client.py'} {name}"


def folder(path: Path, *names: str) -> Path:
    """Return a folder with some of the tests' streams."""
    for name in names:
        for found in STREAMS.glob(f"{name}.*"):
            shutil.copy(found, path)
    return path


def replayed(path: Path, *options: str, columns: int = 120) -> Ran:
    """Let miniatures fold what is in a folder."""
    return deltaproof("replay", ".", *options, "--persistent", "--format", "json", cwd=path, columns=columns)


def cells(ran: Ran) -> dict[str, dict[str, str]]:
    """Return the outcomes that a report tells, by stream and accumulator."""
    document = json.loads(ran.out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return {
        stream["name"]: {name: cell["outcome"] for name, cell in stream["cells"].items()}
        for stream in document["streams"]
    }


def test_each_stream_is_served_to_each_client(tmp_path: Path) -> None:
    """Clients run side by side, each stream has a base URL of its own, and what came of it is told."""
    honest, lying = tiny("honest"), tiny("EMPTIES_ARGUMENTS")
    ran = replayed(
        folder(tmp_path, "one-call", "two-calls", "error-told"), "--accumulator", honest, "--accumulator", lying
    )
    assert cells(ran) == {
        "error-told.sse": {honest: "raised", lying: "raised"},
        "one-call.sse": {honest: "right", lying: "wrong-executable"},
        "two-calls.sse": {honest: "right", lying: "wrong-executable"},
    }
    assert (ran.code, ran.err) == (1, "")


def test_the_terminal_report(tmp_path: Path) -> None:
    """It counts, shows the streams that are not right everywhere, and says why."""
    folder(tmp_path, "one-call", "two-calls")
    client = tmp_path / "fold"
    client.write_text(f"#!/bin/sh\nexec {tiny('CUTS_ARGUMENTS')}\n", encoding="utf-8")
    client.chmod(0o755)
    ran = deltaproof("replay", ".", "--accumulator", "./fold", "--persistent", cwd=tmp_path, columns=100)
    lines = ran.out.splitlines()
    assert lines[:-1] == [
        "",
        "    accumulator       ✓  ↑  ≠",
        " ────────────────────────────",
        " a  ./fold            ·  ·  2",
        "",
        "",
        " stream                   a",
        " ──────────────────────────",
        " one-call.sse and 1 more  ≠",
        "",
        "0 of 2 streams are as they should be in the accumulator that ran",
        "",
        "./fold",
        "  ≠ wrong-unusable  2",
        '    one-call.sse: it calls get_tide({"port":"Brest","day":"tomorrow"), and sent was',
        '    get_tide({"port":"Brest","day":"tomorrow"})',
        '    two-calls.sse: it calls get_tide({"port": "Saint-Malo"), and sent was get_tide({"port":',
        '    "Saint-Malo"})',
        "",
        "✓ right  ↑ raised  ✗ wrong-executable  ○ swallowed  ≠ wrong-unusable  − lost  … no-answer  ! error",
        "i ids-lost  f finish-lost",
    ]
    assert lines[-1].startswith("2 streams in 1 accumulator: 2 wrong-unusable; ")
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize(
    ("outcome", "failing"),
    [
        (Outcome.RIGHT, ""),
        (Outcome.RAISED, ""),
        (Outcome.FINISH_LOST, "any"),
        (Outcome.IDS_LOST, "any"),
        (Outcome.ERROR, "error any"),
        (Outcome.NO_ANSWER, "silent error any"),
        (Outcome.LOST, "silent error any"),
        (Outcome.SWALLOWED, "silent error any"),
        (Outcome.UNUSABLE, "wrong silent error any"),
        (Outcome.EXECUTABLE, "wrong silent error any"),
    ],
)
def test_each_word_of_fail_on_fails_on_what_the_one_before_does(outcome: Outcome, failing: str) -> None:
    """From wrong over silent and error to any, each counts more; never counts nothing."""
    matrix = Matrix(("s",), (Column("a"),), {("s", "a"): Cell(outcome, "", 0.0)}, 0.0)
    assert [word.value for word in FailOn if fails(matrix, word)] == failing.split()


@pytest.mark.parametrize("word", list(FailOn))
def test_a_driver_that_breaks_fails_as_one_that_hangs_does(word: FailOn) -> None:
    """Its outcome is an error, which a client may well tell of; but here nobody has told of anything."""
    matrix = Matrix(("s",), (Column("a"),), {("s", "a"): Cell(Outcome.ERROR, "", 0.0, broke=True)}, 0.0)
    assert fails(matrix, word) == (word in (FailOn.SILENT, FailOn.ERROR, FailOn.ANY))


@pytest.mark.parametrize("program", ["os._exit(7)", "os.kill(os.getpid(), 9)", "print('x' * 2**26)", "print('{}')"])
def test_a_driver_that_asks_and_says_nothing_of_use_fails_the_run(program: str, tmp_path: Path) -> None:
    """By default: also where it is at the end of its work, and has lost all."""
    folder(tmp_path, "one-call")
    asks = "r = urllib.request.Request(os.environ['OPENAI_BASE_URL'] + '/chat/completions', sys.stdin.buffer.read())"
    fetch = "urllib.request.urlopen(r).read()"
    (tmp_path / "fold.py").write_text(f"import os, sys, urllib.request\n{asks}\n{fetch}\n{program}\n", encoding="utf-8")
    client = f"{sys.executable} fold.py"
    ran = deltaproof("replay", "one-call.sse", "--accumulator", client, "--format", "json", cwd=tmp_path)
    told = [cell["outcome"] for stream in json.loads(ran.out)["streams"] for cell in stream["cells"].values()]
    raises = program == "os._exit(7)"  # which is how a command says that the client has raised
    assert (told, ran.code) == ((["error"], 0) if raises else (["lost" if "{}" in program else "error"], 1))


def test_fail_on_decides_the_exit_code(tmp_path: Path) -> None:
    """A lost finish_reason is nothing to fail on unless it is asked for."""
    folder(tmp_path, "two-calls")
    options = ("--accumulator", tiny("LOSES_FINISH"))
    assert [replayed(tmp_path, *options, *more).code for more in ((), ("--fail-on", "any"))] == [0, 1]


def test_a_baseline_is_held_and_a_stale_entry_fails(tmp_path: Path) -> None:
    """What is known to be wrong passes; what is worse, what is better, and what is gone, does not."""
    streams = tmp_path / "streams"
    streams.mkdir()
    folder(streams, "one-call", "two-calls")
    client, baseline = tmp_path / "fold", tmp_path / "baseline.json"

    def run(miniature: str, *options: str) -> Ran:
        client.write_text(f"#!/bin/sh\nexec {tiny(miniature)}\n", encoding="utf-8")
        client.chmod(0o755)
        chosen = ("--accumulator", "./fold", "--persistent", "--baseline", "baseline.json", *options)
        return deltaproof("replay", "streams", *chosen, cwd=tmp_path, columns=200)

    assert (
        run("LOSES_ID").err
        == "deltaproof: baseline.json: it cannot be read: No such file or directory. Write it with --update-baseline\n"
    )
    assert run("LOSES_ID", "--update-baseline").code == 0
    assert baseline.read_text(encoding="utf-8") == (
        '{\n  "deltaproof-baseline": 1,\n  "accumulators": {"./fold": ""},\n  "expected": {\n'
        '    "one-call.sse": {"./fold": "ids-lost"},\n    "two-calls.sse": {"./fold": "ids-lost"}\n  }\n}\n'
    )
    same = run("LOSES_ID")
    assert (same.code, same.out.splitlines()[-1]) == (0, "all that ran is as the baseline has it")
    better = run("honest")
    assert (better.code, better.out.splitlines()[-3:]) == (
        1,
        [
            "one-call.sse, ./fold: right, where ids-lost was expected; the entry is stale: as it was sent",
            "two-calls.sse, ./fold: right, where ids-lost was expected; the entry is stale: as it was sent",
            "2 cases are not as the baseline has it",
        ],
    )
    assert run("LOSES_CALL").code == 1
    (streams / "two-calls.sse").unlink()
    gone = run("LOSES_ID")
    assert (gone.code, gone.out.splitlines()[-2:]) == (
        1,
        [
            "two-calls.sse, ./fold: ids-lost was expected, but there is no such stream; the entry is stale",
            "1 case is not as the baseline has it",
        ],
    )
    baseline.write_text("[]", encoding="utf-8")
    assert run("LOSES_ID").err.startswith("deltaproof: baseline.json: this is no baseline: ")


def test_faults_make_more_streams(tmp_path: Path) -> None:
    """Each fault that applies makes one more stream of each recording, held against what it means then."""
    folder(tmp_path, "one-call", "text")
    lazy = tiny("lazy")
    ran = replayed(tmp_path, "--accumulator", lazy, "--faults", "cut-reset,name-null")
    assert cells(ran)["one-call.sse"] == {lazy: "right"}
    assert sorted(cells(ran)) == [
        "one-call.sse",
        "one-call.sse + cut-reset",
        "one-call.sse + name-null",
        "text.sse",
        "text.sse + cut-reset",
    ]


def test_the_terminal_report_has_a_line_for_each_fault(tmp_path: Path) -> None:
    """In how many of the streams it came to what should not be, and the gravest that it came to in each client."""
    folder(tmp_path, "one-call", "two-calls")
    client = tmp_path / "fold"
    client.write_text(f"#!/bin/sh\nexec {tiny('EMPTIES_ARGUMENTS')}\n", encoding="utf-8")
    client.chmod(0o755)
    options = ("--accumulator", "./fold", "--persistent", "--faults", "name-null,calls-in-a-chunk,tool-choice-none")
    ran = deltaproof("replay", ".", *options, cwd=tmp_path, columns=100)
    assert ran.out.splitlines()[6:12] == [
        " stream                        a",
        " ───────────────────────────────",
        " one-call.sse and 1 more       ✗",
        " + name-null in 2 of 2         ✗",
        " + calls-in-a-chunk in 1 of 1  ✗",
        "",
    ], ran.out
    why = "it changes what was asked for, and that the client sends"
    assert ran.err == f"left out: tool-choice-none does not apply: {why}\n"


def test_a_stall_is_folded_in_time_and_soon(tmp_path: Path) -> None:
    """A fault that makes a stream late and nothing else is played in time, only faster: half a minute takes a second."""
    shutil.copy(REPOSITORY / "cassettes" / "aimock" / "plain-text.yaml", tmp_path)
    ran = replayed(tmp_path, "--accumulator", tiny("honest"), "--faults", "stall")
    streams = {one["name"]: one["cells"][tiny("honest")]["seconds"] for one in json.loads(ran.out)["streams"]}
    assert streams["plain-text.yaml + stall"] > 1 > streams["plain-text.yaml"]


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_page_needs_nothing_else(tmp_path: Path, form: str) -> None:
    """Markdown and HTML name every stream and reason, escaped, and refer to nothing outside."""
    folder(tmp_path, "one-call")
    options = ("--accumulator", tiny("CUTS_ARGUMENTS"), "--format", form, "-o", "page", "--persistent")
    ran = deltaproof("replay", ".", *options, cwd=tmp_path)
    page = (tmp_path / "page").read_text(encoding="utf-8")
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert "one-call.sse" in page
    assert ("it calls get\\_tide(\\{" if form == "markdown" else "it calls get_tide({&quot;port&quot;") in page
    assert not any(word in page for word in ("http:", "https:", "<script", "src="))


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    """Names of nothing, a baseline without a file and pages without accumulators are wrong usage."""
    folder(tmp_path, "one-call")
    for options, words in (
        (("--accumulator", "no-such"), "there is no accumulator 'no-such', and no command of that name"),
        (
            ("--accumulator", "openia"),
            "there is no accumulator 'openia', and no command of that name. Did you mean openai",
        ),
        (("--accumulator", "./one-call.sse"), "./one-call.sse: this file is not executable. Make it so with chmod +x"),
        (("--accumulator", "./gone.sh --fold"), "./gone.sh: there is no such command"),
        (("--accumulator", "openai", "-o", "gone/x.html"), "Invalid value for '-o' / '--output': gone is no folder"),
        (("--accumulator", "'"), "this command cannot be read: No closing quotation"),
        (("--accumulator", "openai", "--update-baseline"), "--update-baseline needs --baseline FILE"),
        (("--steps", "--format", "html"), "--format html is for --accumulator"),
        (("--accumulator", "openai", "--faults", "no-such"), "no-such"),
    ):
        ran = deltaproof("replay", ".", *options, cwd=tmp_path)
        assert (ran.code, ran.out, words in ran.err) == (2, "", True), ran.err


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    """Also where the second path has another form."""
    folder(tmp_path, "one-call")
    client = tiny("honest")
    ran = deltaproof(
        *("replay", "one-call.sse", tmp_path / "one-call.sse", "--accumulator", client),
        *("--persistent", "--format", "json"),
        cwd=tmp_path,
    )
    assert cells(ran) == {"one-call.sse": {client: "right"}}


def test_clients_that_cannot_be_installed_are_a_line(tmp_path: Path) -> None:
    """It names the folder, and the variable that names another."""
    (tmp_path / "file").touch()
    ran = deltaproof("accumulators", "--install", "ai", cwd=tmp_path, DELTAPROOF_HOME="file/x")
    where = f"{tmp_path}/file/x/accumulators/node"
    why = "ai cannot be installed there: Not a directory. DELTAPROOF_HOME names another folder"
    assert (ran.code, ran.err) == (2, f"ai …\ndeltaproof: {where}: {why}\n")


def test_a_command_that_asks_for_no_stream_is_no_accumulator(tmp_path: Path) -> None:
    """Whatever it prints, nothing was found out of it: that is told, and the exit code is not that of a client."""
    folder(tmp_path, "one-call")
    ran = deltaproof("replay", ".", "--accumulator", "echo hello", cwd=tmp_path, columns=200)
    told = "echo hello did not ask for a single stream: docs/accumulators.md says where they are, and how to answer"
    assert told in ran.out.splitlines()
    assert ran.code == 2
    both = ("--accumulator", tiny("honest"), "--accumulator", f"{sys.executable} -c pass")
    assert replayed(tmp_path, *both).code == 2


def test_persistent_is_for_commands(tmp_path: Path) -> None:
    """It would change nothing with what is built in, which is said rather than passed over."""
    folder(tmp_path, "one-call")
    ran = deltaproof("replay", ".", "--accumulator", "openai", "--persistent", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.endswith("\nError: --persistent is for commands; what is known by name is persistent as it is\n")


def test_a_baseline_gets_its_folder(tmp_path: Path) -> None:
    """What was found out is not lost because a folder was not there."""
    folder(tmp_path, "one-call")
    options = ("--accumulator", tiny("LOSES_ID"), "--baseline", "new/baseline.json", "--update-baseline")
    assert replayed(tmp_path, *options).code == 0
    assert "ids-lost" in (tmp_path / "new" / "baseline.json").read_text(encoding="utf-8")


def test_what_is_missing_is_skipped_with_the_command_that_installs_it(tmp_path: Path) -> None:
    """An accumulator that cannot run does not hold up the others; where none can run, nothing was found out."""
    folder(tmp_path, "one-call")
    home = str(tmp_path / "home")
    ran = deltaproof("replay", ".", "--accumulator", "smolagents", cwd=tmp_path, columns=80, DELTAPROOF_HOME=home)
    assert (
        ran.out.splitlines()[0]
        == "skipped smolagents: smolagents is not installed: deltaproof accumulators --install smolagents"
    )
    assert ran.code == 2
    listed = deltaproof("accumulators", cwd=tmp_path, columns=120, DELTAPROOF_HOME=home)
    assert (
        "smolagents: smolagents is not installed: deltaproof accumulators --install smolagents"
        in listed.out.splitlines()
    )
    assert listed.code == 0
    unknown = deltaproof("accumulators", "--install", "no-such", cwd=tmp_path, DELTAPROOF_HOME=home)
    assert (unknown.code, unknown.err[:50]) == (2, "deltaproof: there is no accumulator 'no-such'. One")


def test_a_package_may_register_a_callable(tmp_path: Path) -> None:
    """A callable in the entry point group is an accumulator of its name, run in a process of its own."""
    site, streams = tmp_path / "site", tmp_path / "streams"
    registered = site / "tiny-1.2.dist-info"
    registered.mkdir(parents=True)
    streams.mkdir()
    folder(streams, "one-call", "error-told")
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.2\n", encoding="utf-8")
    (registered / "entry_points.txt").write_text(
        "[deltaproof.accumulators]\nmine = tiny_package:fold\n", encoding="utf-8"
    )
    (site / "tiny_package.py").write_text(
        "import json, sys\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from urllib.request import urlopen\n"
        "from miniatures import honest\n"
        "print('hello from an import')\n"
        "def fold(request, base_url):\n"
        "    with urlopen(base_url + '/chat/completions', json.dumps(request).encode()) as response:\n"
        "        return honest(response.read())\n",
        encoding="utf-8",
    )
    options = ("--accumulator", "mine", "--format", "json")
    ran = deltaproof("replay", "streams", *options, cwd=tmp_path, PYTHONPATH=str(site))
    assert cells(ran) == {"error-told.sse": {"mine": "raised"}, "one-call.sse": {"mine": "right"}}
    assert json.loads(ran.out)["accumulators"][0]["version"] == "1.2"


def test_a_name_that_is_taken_cannot_be_registered(tmp_path: Path) -> None:
    """The built-in one runs, the list has it once, and says what is left out."""
    registered = tmp_path / "tiny-1.2.dist-info"
    registered.mkdir()
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.2\n", encoding="utf-8")
    (registered / "entry_points.txt").write_text(
        "[deltaproof.accumulators]\nguide-loop = tiny:fold\nmine = tiny:fold\n", encoding="utf-8"
    )
    ran = deltaproof("accumulators", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    names = [line.split()[0] for line in ran.out.splitlines() if line.startswith((" guide-loop ", " mine "))]
    assert names == ["guide-loop", "mine"]
    assert (ran.code, ran.err) == (0, "tiny registers 'guide-loop', which is taken: that one cannot be named\n")


def test_a_loop_that_replies_to_its_calls_comes_to_its_end(tmp_path: Path) -> None:
    """A second request, with a tool's reply, gets a plain text; the same request again gets the same stream."""
    folder(tmp_path, "one-call")
    program = tmp_path / "agent.py"
    program.write_text(
        "import json, os, sys\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from urllib.request import urlopen\n"
        "from miniatures import honest\n"
        "request = json.load(sys.stdin)\n"
        "def ask():\n"
        "    with urlopen(os.environ['OPENAI_BASE_URL'] + '/chat/completions', json.dumps(request).encode()) as response:\n"
        "        return honest(response.read())\n"
        "first, again = ask(), ask()\n"
        "assert first == again\n"
        "request['messages'].append({'role': 'tool', 'content': 'ok', 'tool_call_id': 'x'})\n"
        "assert ask()['content'] == 'Done.'\n"
        "print(json.dumps(first))\n",
        encoding="utf-8",
    )
    ran = deltaproof("replay", ".", "--accumulator", f"{sys.executable} agent.py", "--format", "json", cwd=tmp_path)
    assert list(cells(ran).values()) == [{f"{sys.executable} agent.py": "right"}]


def test_what_a_baseline_has_of_a_client_that_did_not_run_is_told(tmp_path: Path) -> None:
    """Where it was to run and could not, the exit code says that not all was held."""
    folder(tmp_path, "one-call")
    honest = tiny("honest")
    expected = {"one-call.sse": {"smolagents": "lost", "gone": "error"}}
    baseline = {"deltaproof-baseline": 1, "accumulators": {"smolagents": "1", "gone": ""}, "expected": expected}
    (tmp_path / "kept.json").write_text(json.dumps(baseline), encoding="utf-8")
    options = ("--accumulator", honest, "--persistent", "--baseline", "kept.json")
    home = str(tmp_path / "home")
    for more, code in ((), 0), (("--accumulator", "smolagents"), 2):
        ran = deltaproof("replay", "one-call.sse", *options, *more, cwd=tmp_path, DELTAPROOF_HOME=home)
        assert (ran.code, ran.out.splitlines()[-1]) == (code, "all that ran is as the baseline has it")
        assert ran.err == "".join(
            f"not held: 1 entry of {name}, which did not run\n" for name in ("smolagents", "gone")
        )


def test_more_clients_than_a_terminal_is_wide_have_tables_below_each_other(tmp_path: Path) -> None:
    """Each has its mark in one of them."""
    folder(tmp_path, "one-call")
    lying = [f"{tiny('EMPTIES_ARGUMENTS')} {number}" for number in range(30)]
    words = [word for one in lying for word in ("--accumulator", one)]
    ran = deltaproof("replay", "one-call.sse", *words, "--persistent", cwd=tmp_path, columns=60)
    headings = [line.split()[1:] for line in ran.out.splitlines() if line.startswith(" stream ")]
    marks = [line.split()[1:] for line in ran.out.splitlines() if line.startswith(" one-call.sse  ")]
    assert [name for row in headings for name in row] == [*ascii_lowercase, "aa", "ab", "ac", "ad"]
    assert [len(row) for row in marks] == [len(row) for row in headings]
    assert len(headings) > 1


def test_faults_may_be_named_one_by_one(tmp_path: Path) -> None:
    """As with commas; a name that is empty, as a variable that is not set makes it, is none."""
    folder(tmp_path, "one-call")
    client = tiny("honest")
    ran = replayed(tmp_path, "--accumulator", client, "--faults", "name-null", "--faults", "name-split")
    assert list(cells(ran)) == ["one-call.sse", "one-call.sse + name-null", "one-call.sse + name-split"]
    empty = replayed(tmp_path, "--accumulator", client, "--faults", "")
    assert (empty.code, empty.err) == (2, "deltaproof: there is no fault ''. `deltaproof faults` lists them\n")


def test_a_seed_decides_which_of_two_calls_a_fault_breaks(tmp_path: Path) -> None:
    """Seen by what a client that empties arguments is told that was sent."""
    folder(tmp_path, "two-calls")
    client = tiny("EMPTIES_ARGUMENTS")
    sent = []
    for seed in ("0", "1"):
        ran = replayed(tmp_path, "--accumulator", client, "--faults", "arguments-truncated", "--seed", seed)
        _, broken = json.loads(ran.out)["streams"]
        sent.append(broken["cells"][client]["reason"])
    assert sent == [
        'it calls get_tide({}), and sent was get_tide({"port": "Saint-Malo")',
        'it calls get_tide({}), and sent was get_tide({"port": "Saint-Malo"})',
    ]
