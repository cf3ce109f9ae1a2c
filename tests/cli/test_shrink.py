"""Facts about `deltaproof shrink`, seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import CLEAN, REPEATED, Ran, deltaproof

CASSETTES = Path(__file__).parents[2] / "cassettes"
RECORDED = CASSETTES / "aimock" / "two-calls-two-tools.yaml"
SMALL = (
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n'
    "data: [DONE]\n\n"
)


@pytest.fixture
def repeated(tmp_path: Path) -> Path:
    """Write a stream whose name comes again with each fragment."""
    (tmp_path / "repeated.sse").write_text(REPEATED, encoding="utf-8")
    return tmp_path / "repeated.sse"


def broken(folder: Path, name: str) -> None:
    """Break a recording in a way, as NAME.yaml."""
    assert deltaproof("fault", name, RECORDED, "-o", f"{name}.yaml", cwd=folder).code == 0


def found(folder: Path, name: str, *arguments: str) -> list[str]:
    """Return what `check` finds in a file, as `rule.case`."""
    report = json.loads(deltaproof("check", name, "--format", "json", *arguments, cwd=folder).out)
    return [f"{one['rule']}.{one['case']}" for exchange in report["exchanges"] for one in exchange["findings"]]


def run_of(folder: Path, name: str) -> Ran:
    """Run a test by itself, without the plugins that happen to be installed."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_the_report_says_what_was_kept_how_small_it_is_and_where(tmp_path: Path, repeated: Path) -> None:
    """And shows the stream, each line whole, so that it can be copied."""
    ran = deltaproof("shrink", repeated.name, cwd=tmp_path, columns=60)
    assert (ran.code, ran.err) == (0, "")
    head, _, stream = ran.out.partition("\n\n")
    tried = next(line for line in head.splitlines() if "tried" in line)
    assert head.replace(tried, "  tried   N") == (
        "✗ error  tool-call-continuation-name  the same name again\n"
        "  from    repeated.sse, judged by de-facto\n"
        "  events  5 of 6\n"
        f"  bytes   {len(SMALL)} of {len(REPEATED):,}\n"
        "  tried   N\n"
        "  wrote   repeated.shrunk.yaml"
    )
    assert tried.endswith(" times, and nothing more can be left out")
    assert stream.rstrip() == SMALL.rstrip()
    assert found(tmp_path, "repeated.shrunk.yaml") == ["tool-call-continuation-name.repeated"]


@pytest.mark.parametrize("name", ["name-split", "cut-reset", "tool-unknown", "content-type-json", "refused-page"])
def test_a_cassette_and_a_test_show_the_finding(tmp_path: Path, name: str) -> None:
    """Both show the same, each by itself; the test needs no other file, unless the status has to be told."""
    broken(tmp_path, name)
    assert deltaproof("shrink", f"{name}.yaml", "-o", "small.yaml", "--pytest", cwd=tmp_path).code == 0
    shown = found(tmp_path, "small.yaml")
    assert shown
    assert set(shown) <= set(found(tmp_path, f"{name}.yaml"))
    text = (tmp_path / "test_small.py").read_text(encoding="utf-8")
    assert ("Path(__file__)" in text) is (name == "refused-page")
    if name != "refused-page":
        (tmp_path / "small.yaml").unlink()
    ran = run_of(tmp_path, "test_small.py")
    assert ran.code == 0, ran.out
    (tmp_path / "test_small.py").write_text(text.replace(shown[0], "no-such-rule.case"), encoding="utf-8")
    assert run_of(tmp_path, "test_small.py").code == 1


def test_a_test_is_written_as_people_write_them(tmp_path: Path, repeated: Path) -> None:
    """Its name says what it shows, and its body is the stream."""
    deltaproof("shrink", repeated.name, "-o", "a small-one.yaml", "--pytest", cwd=tmp_path)
    lines = "".join(f"    {line.encode()!r}\n" for line in SMALL.splitlines(keepends=True))
    assert (tmp_path / "test_a_small_one.py").read_text(encoding="utf-8") == (
        '"""A stream that deviates from tool-call-continuation-name, made small by `deltaproof shrink`."""\n'
        "\n"
        "from deltaproof import check\n"
        "\n"
        f"BODY = (\n{lines})\n"
        "\n"
        "\n"
        "def test_tool_call_continuation_name_repeated() -> None:\n"
        '    """The same name again."""\n'
        "    report = check(BODY)\n"
        '    assert {f"{finding.rule}.{finding.case}" for finding in report.findings} == {\n'
        '        "tool-call-continuation-name.repeated",\n'
        "    }\n"
    )


def test_the_same_file_becomes_the_same(tmp_path: Path, repeated: Path) -> None:
    """Byte for byte, in another process."""
    for name in ("a.yaml", "b.yaml"):
        deltaproof("shrink", repeated.name, "-o", name, cwd=tmp_path, PYTHONHASHSEED=str(ord(name[0])))
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()


def test_a_finding_can_be_named(tmp_path: Path) -> None:
    """By its rule, with the case or without; without, the gravest is kept, wherever in the file it is."""
    broken(tmp_path, "name-null,done-missing")
    for arguments, kept in (
        ([], "tool-call-continuation-name.null"),
        (["--rule", "done-sentinel"], "done-sentinel.missing"),
        (["--rule", "done-sentinel.missing"], "done-sentinel.missing"),
    ):
        deltaproof("shrink", "name-null,done-missing.yaml", *arguments, "-o", "small.yaml", "--overwrite", cwd=tmp_path)
        assert kept in found(tmp_path, "small.yaml")


def test_what_is_there_is_replaced_when_told_to(tmp_path: Path, repeated: Path) -> None:
    """Neither a recording nor a test that someone may have changed is lost; nothing is written where one is there."""
    told = "is there already. Name another with -o, or add --overwrite\n"
    small, test = tmp_path / "small.yaml", tmp_path / "test_small.py"
    arguments = ("shrink", repeated.name, "-o", "small.yaml", "--pytest")
    test.write_text("mine", encoding="utf-8")
    assert deltaproof(*arguments, cwd=tmp_path) == (2, "", f"deltaproof: test_small.py: a test {told}")
    assert not small.exists()
    small.write_text("mine", encoding="utf-8")
    assert deltaproof(*arguments, cwd=tmp_path) == (2, "", f"deltaproof: small.yaml: a recording {told}")
    assert (small.read_text(encoding="utf-8"), test.read_text(encoding="utf-8")) == ("mine", "mine")
    assert deltaproof(*arguments, "--overwrite", cwd=tmp_path).code == 0
    assert "mine" not in (small.read_text(encoding="utf-8"), test.read_text(encoding="utf-8"))


def test_bytes_go_through_a_pipe(tmp_path: Path) -> None:
    """Standard output gets the stream alone, and the report goes beside it."""
    ran = deltaproof("shrink", "-", "-o", "-", cwd=tmp_path, stdin=REPEATED.encode())
    assert (ran.code, ran.out) == (0, SMALL)
    assert "tool-call-continuation-name" in ran.err


def test_loosely_it_is_smaller_and_may_bring_more(tmp_path: Path, repeated: Path) -> None:
    """What is left shows the finding, whatever else."""
    assert deltaproof("shrink", repeated.name, "--loose", "-o", "small.yaml", cwd=tmp_path).code == 0
    shown = found(tmp_path, "small.yaml")
    assert "tool-call-continuation-name.repeated" in shown
    assert len(shown) > 1


def test_the_time_that_it_may_take_is_kept(tmp_path: Path, repeated: Path) -> None:
    """What is smallest by then is written, and it is said that there may be a smaller one."""
    ran = deltaproof("shrink", repeated.name, "--seconds", "0.000001", cwd=tmp_path, columns=200)
    assert ran.code == 0
    assert "until the time was up: there may be a smaller one" in ran.out
    assert "tool-call-continuation-name.repeated" in found(tmp_path, "repeated.shrunk.yaml")


def test_of_a_long_line_the_beginning_is_shown(tmp_path: Path) -> None:
    """With how much more there is; the lines behind it are shown as well."""
    (tmp_path / "long.sse").write_text(f":{'é' * 2000}\n\n{REPEATED}", encoding="utf-8")
    ran = deltaproof("shrink", "long.sse", "--seconds", "0.000001", cwd=tmp_path)
    _, _, stream = ran.out.partition("\n\n")
    assert stream == f":{'é' * 199}… and 3,602 bytes more\n\n{REPEATED.removesuffix(chr(10))}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("clean.sse",), "clean.sse: there is no finding by de-facto"),
        (
            ("repeated.sse", "--rule", "done-sentinel"),
            "repeated.sse: it does not deviate from done-sentinel by de-facto. It deviates from tool-call-continuation-name.repeated",
        ),
        (
            ("clean.sse", "--rule", "done-sentinel"),
            "clean.sse: it does not deviate from done-sentinel by de-facto. There is no finding by de-facto",
        ),
        (("repeated.sse", "--rule", "done-sentinell", "-o", "o.txt"), "there is no rule 'done-sentinell'. Known: done-sentinel"),
        (
            ("repeated.sse", "--rule", "tool-call-open-name.splitt"),
            "tool-call-open-name has no case 'splitt'. Known: split, late",
        ),
        (("repeated.sse", "--entry", "1"), "repeated.sse: entry 1 is no streamed chat completion. Known: 0"),
        (("repeated.sse", "-o", "o.txt"), "o.txt: this is no name of a recording. End it with .yaml, or .sse"),
        (("repeated.sse", "-o", "repeated.sse"), "repeated.sse: the recording would be replaced. Choose another name"),
        (("repeated.sse", "-o", "-", "--pytest"), "-: a test stands beside a file. Name one with -o"),
        (("gone.sse",), "gone.sse: it cannot be read: No such file or directory"),
        (("repeated.sse", "--profile", "leniant"), "there is no profile 'leniant'. Did you mean lenient?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(tmp_path: Path, repeated: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, nothing on standard output, and no file."""
    clean = tmp_path / "clean.sse"
    clean.write_text(CLEAN, encoding="utf-8")
    ran = deltaproof("shrink", *arguments, cwd=tmp_path)
    assert ran == (2, "", f"deltaproof: {told}\n")
    assert set(tmp_path.iterdir()) == {clean, repeated}
