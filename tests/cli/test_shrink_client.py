"""Facts about `deltaproof shrink --accumulator`, seen from outside: what is left shows the same mistake of a client."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.command import Ran, deltaproof
from tests.cli.test_shrink import run_of

REPOSITORY = Path(__file__).parents[2]
STREAMS = REPOSITORY / "tests" / "streams"
CLIENT = REPOSITORY / "tests" / "accumulate" / "tiny_client.py"
SMALL = (
    'data: {"id":"c","object":"chat.completion.chunk","created":1759611807,"model":"g","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1759611807,"model":"g","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1759611807,"model":"g","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"\\":\\"\\"}"}}]},"finish_reason":null}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1759611807,"model":"g","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n'
    'data: {"id":"c","object":"chat.completion.chunk","created":1759611807,"model":"g","choices":[],"usage":{"prompt_tokens":71,"completion_tokens":52,"total_tokens":123}}\n\n'
    "data: [DONE]\n\n"
)


def client(folder: Path, miniature: str) -> None:
    """Make ./fold a client that folds with a miniature."""
    (folder / "fold").write_text(f"#!/bin/sh\nexec {sys.executable} {CLIENT} {miniature}\n", encoding="utf-8")
    (folder / "fold").chmod(0o755)


def program(folder: Path, text: str) -> None:
    """Make ./fold a client that is this program after it has read the stream into `body`."""
    begin = (
        "import json, os, sys\nfrom pathlib import Path\nfrom urllib.request import Request, urlopen\n"
        f"sys.path.append({str(CLIENT.parent)!r})\nimport miniatures\n"
        "def read():\n"
        "    url = os.environ['OPENAI_BASE_URL'] + '/chat/completions'\n"
        "    return urlopen(Request(url, sys.stdin.buffer.read())).read()\n"
    )
    (folder / "fold").write_text(f"#!{sys.executable}\n{begin}{text}\n", encoding="utf-8")
    (folder / "fold").chmod(0o755)


def shrunk(folder: Path, name: str, *options: str, columns: int = 100) -> Ran:
    """Make one of the tests' streams smaller for ./fold."""
    for found in STREAMS.glob(f"{name}.*"):
        shutil.copy(found, folder)
    options = ("--accumulator", "./fold", *options)
    return deltaproof("shrink", f"{name}.sse", *options, cwd=folder, columns=columns, timeout=120)


def outcome(folder: Path, name: str) -> str:
    """Return what comes of a recording in ./fold."""
    ran = deltaproof(
        "replay", name, "--accumulator", "./fold", "--persistent", "--format", "json", cwd=folder, timeout=120
    )
    (stream,) = json.loads(ran.out)["streams"]
    return str(stream["cells"]["./fold"]["outcome"])


def test_the_report_says_what_was_kept_and_that_it_is_so_again(tmp_path: Path) -> None:
    """The mistake with its reason, how small the recording is, where it is, and the stream itself."""
    client(tmp_path, "EMPTIES_ARGUMENTS")
    ran = shrunk(tmp_path, "two-calls", "--persistent")
    head, _, stream = ran.out.partition("\n\n")
    tried = next(line for line in head.splitlines() if "tried" in line)
    whole = (STREAMS / "two-calls.sse").stat().st_size
    assert head.replace(tried, "  tried   N") == (
        '✗ wrong-executable (arguments)  it calls g({}), and sent was g({"":""})\n'
        "  from    two-calls.sse, folded by ./fold\n"
        "  events  6 of 14\n"
        f"  bytes   {len(SMALL)} of {whole:,}\n"
        "  tried   N\n"
        "  again   folded 3 times by a new process: the same\n"
        "  wrote   two-calls.shrunk.yaml"
    )
    assert tried.endswith(" times, and nothing more can be left out")
    assert stream.rstrip() == SMALL.rstrip()
    assert (ran.code, ran.err) == (0, "")
    assert outcome(tmp_path, "two-calls.shrunk.yaml") == "wrong-executable"


@pytest.mark.parametrize(
    ("name", "miniature", "kind"),
    [
        ("two-calls", "LOSES_CALL", "lost (a call)"),
        ("text", "LOSES_BEGINNING", "lost (the text)"),
        ("one-call", "raises", "error (StreamError)"),
        ("one-call", "crashes", "error (crashed)"),
        ("error-told", "lazy", "swallowed (the stream tells of an error)"),
    ],
)  # fmt: skip
def test_a_test_fails_for_as_long_as_the_client_is_wrong(tmp_path: Path, name: str, miniature: str, kind: str) -> None:
    """It needs nothing but deltaproof and the client, and passes once the client is right."""
    client(tmp_path, miniature)
    ran = shrunk(tmp_path, name, "--persistent", "--pytest", "-o", "small.yaml")
    assert (ran.code, ran.err, kind in ran.out) == (0, "", True), ran.out
    (tmp_path / "small.yaml").unlink()
    wrong = run_of(tmp_path, "test_small.py")
    assert (wrong.code, "1 failed" in wrong.out) == (1, True), wrong.out
    client(tmp_path, "honest")
    right = run_of(tmp_path, "test_small.py")
    assert (right.code, "1 passed" in right.out) == (0, True), right.out


def test_a_test_says_which_way_it_asserts(tmp_path: Path) -> None:
    """And what it was that the client made of the stream; a command is run where it was run before."""
    client(tmp_path, "EMPTIES_ARGUMENTS")
    (tmp_path / "made").mkdir()
    options = ("--persistent", "--limit", "5", "--pytest", "-o", "made/small.yaml")
    assert shrunk(tmp_path, "two-calls", *options).code == 0
    text = (tmp_path / "made" / "test_small.py").read_text(encoding="utf-8")
    begin, _, constants = text.partition("REQUEST = ")
    assert begin == (
        '"""What a command makes wrong of a stream that `deltaproof shrink` made small.\n\n'
        "The test fails for as long as the client is wrong, and passes once it is right. To keep it until\n"
        'then, mark it with pytest.mark.xfail(strict=True).\n"""\n\n'
        "from pathlib import Path\n\nimport pytest\nfrom deltaproof import replay_into\n\n"
        'ACCUMULATOR = "./fold"\n'
    )
    assert constants.partition(")\n\n\n")[2] == (
        "def test_the_client_is_right(monkeypatch: pytest.MonkeyPatch) -> None:\n"
        '    """It was wrong-executable (arguments): it calls g({}), and sent was g({"":""})."""\n'
        '    monkeypatch.chdir(Path(__file__).parent / "..")\n'
        "    ruling = replay_into(ACCUMULATOR, BODY, request=REQUEST, persistent=True, limit=5)\n"
        '    assert ruling.outcome in ("right", "raised"), ruling.reason\n'
    )


def test_a_built_in_client_is_named_with_its_version(tmp_path: Path) -> None:
    """The loop that guides print takes no finish_reason; that of a stream which was cut is another matter."""
    for found in STREAMS.glob("one-call.*"):
        shutil.copy(found, tmp_path)
    options = ("--accumulator", "guide-loop", "--pytest", "-o", "small.yaml")
    ran = deltaproof("shrink", "one-call.sse", *options, cwd=tmp_path, columns=100, timeout=120)
    assert ran.out.splitlines()[0] == 'f finish-lost (gone)  the finish_reason "tool_calls" became nothing'
    assert ran.code == 0
    text = (tmp_path / "test_small.py").read_text(encoding="utf-8")
    assert "def test_guide_loop_is_right() -> None:\n" in text
    assert text.startswith('"""What guide-loop 3.')


def test_how_a_stream_ends_is_in_its_test(tmp_path: Path) -> None:
    """A cut that a client swallows, and a status, for which the test needs the cassette."""
    for fault, miniature, told, needed in (
        ("cut-reset", "lazy", ', end="reset", ', False),
        ("refused-page", "LOSES_FINISH", 'replay_into(ACCUMULATOR, Path(__file__).with_name("small.yaml"), ', True),
    ):
        for found in STREAMS.glob("one-call.*"):
            shutil.copy(found, tmp_path)
        assert deltaproof("fault", fault, "one-call.sse", "-o", "broken.yaml", cwd=tmp_path).code == 0
        program(
            tmp_path,
            "try:\n    body = read()\nexcept OSError as error:\n    body = b''\n"
            f"print(json.dumps(miniatures.lazy(body) if {miniature!r} == 'lazy' or not body else {{}}))",
        )
        options = ("--accumulator", "./fold", "--pytest", "-o", "small.yaml", "--overwrite", "--seconds", "3")
        ran = deltaproof("shrink", "broken.yaml", *options, cwd=tmp_path, columns=100, timeout=120)
        assert "swallowed (" in ran.out, ran
        assert told in (tmp_path / "test_small.py").read_text(encoding="utf-8")
        if not needed:
            (tmp_path / "small.yaml").unlink()
        assert run_of(tmp_path, "test_small.py").code == 1


def test_the_same_file_becomes_the_same(tmp_path: Path) -> None:
    """Byte for byte, in other processes."""
    client(tmp_path, "LOSES_ID")
    for name in ("a.yaml", "b.yaml"):
        assert shrunk(tmp_path, "one-call", "--persistent", "-o", name).code == 0
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()


def test_a_stream_that_is_not_folded_the_same_each_time_is_refused(tmp_path: Path) -> None:
    """What does not show every time cannot be made smaller, and is not hidden."""
    program(
        tmp_path,
        "message = miniatures.honest(read())\ntimes = Path('times')\n"
        "times.write_text(times.read_text() + 'x' if times.exists() else 'x')\n"
        "if len(times.read_text()) != 2: message['finish_reason'] = None\n"
        "print(json.dumps(message))",
    )
    ran = shrunk(tmp_path, "one-call")
    assert ran == (
        2,
        "",
        (
            "deltaproof: one-call.sse: not the same comes of it each time: finish-lost (gone), right, finish-lost"
            " (gone). What does not show every time cannot be made smaller\n"
        ),
    )


def test_a_stream_that_a_new_process_folds_otherwise_is_told(tmp_path: Path) -> None:
    """A client that is wrong only after it has folded others is not so from the start; the exit code is 1."""
    (tmp_path / "fold").write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.append({str(CLIENT.parent)!r})\nimport miniatures\n"
        "folded = []\n"
        "def fold(body):\n"
        "    folded.append(body)\n"
        "    return miniatures.LOSES_ID(body) if len(folded) > 1 or len(body) > 1000 else miniatures.honest(body)\n"
        "miniatures.state = fold\nsys.argv[1:] = ['state']\n"
        f"exec(open({str(CLIENT)!r}).read())\n",
        encoding="utf-8",
    )
    (tmp_path / "fold").chmod(0o755)
    ran = shrunk(tmp_path, "one-call", "--persistent")
    assert "  again   folded 3 times by a new process: not always the same, also right\n" in ran.out
    assert (ran.code, ran.err) == (1, "")


def test_the_time_that_it_may_take_counts_the_clients(tmp_path: Path) -> None:
    """A client that hangs is waited for until the time is up, and what was smallest until then is written."""
    program(tmp_path, "read()\nsys.stdin.close()\nimport signal\nsignal.pause()")
    ran = shrunk(tmp_path, "one-call", "--limit", "1", "--seconds", "2.5")
    assert "no-answer (hung)  no answer within 1 s\n" in ran.out
    assert "until the time was up: there may be a smaller one" in ran.out
    assert "  again   folded once by a new process: the same\n" in ran.out
    assert ran.code == 0


def test_a_request_that_the_client_does_not_take_shows_nothing(tmp_path: Path) -> None:
    """A client that wants a name for its model keeps that, although it would raise the same without it."""
    program(
        tmp_path,
        "import io\nasked = json.load(sys.stdin)\nif len(asked['model']) < 4: raise ValueError('no such model')\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(asked).encode()))\nread()\nraise ValueError('no such tool')",
    )
    assert "error (exit code 1, ValueError)" in shrunk(tmp_path, "text", "-o", "small.sse").out
    assert len(json.loads((tmp_path / "small.request.json").read_text(encoding="utf-8"))["model"]) == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--accumulator", "./fold", "--persistent"), "text.sse: what comes of it is as it should be: right, as it was sent"),
        (("--accumulator", "all"), "all are several accumulators. Name one of them"),
        (("--accumulator", "false"), "text.sse: the accumulator does not ask for the stream: error (exit code 1), exit code 1"),
        (("--accumulator", "litellm"), "litellm: litellm is not installed: deltaproof accumulators --install litellm"),
        (("--accumulator", "'"), "': this command cannot be read: No closing quotation"),
        (("--accumulator", ""), "an accumulator has a name. `deltaproof accumulators` lists them"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, nothing on standard output, and no file."""
    client(tmp_path, "honest")
    shutil.copy(STREAMS / "text.sse", tmp_path)
    ran = deltaproof("shrink", "text.sse", *arguments, cwd=tmp_path, DELTAPROOF_HOME=str(tmp_path / "home"))
    assert ran == (2, "", f"deltaproof: {told}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"fold", "text.sse"}


def test_two_clients_are_not_shrunk_for_at_once(tmp_path: Path) -> None:
    """Each has a smallest stream of its own; the second is not taken in place of the first."""
    shutil.copy(STREAMS / "text.sse", tmp_path)
    ran = deltaproof("shrink", "text.sse", "--accumulator", "openai", "--accumulator", "ai", cwd=tmp_path)
    why = "Error: give one --accumulator: what each makes wrong has a smallest stream of its own\n"
    assert (ran.code, ran.err.endswith(why)) == (2, True)


def test_a_rule_and_a_client_are_not_kept_at_once(tmp_path: Path) -> None:
    """Which of them is meant, the operator has to say."""
    shutil.copy(STREAMS / "text.sse", tmp_path)
    ran = deltaproof("shrink", "text.sse", "--rule", "done-sentinel", "--accumulator", "openai", cwd=tmp_path)
    assert (ran.code, "give --rule or --accumulator, not both" in ran.err) == (2, True)
