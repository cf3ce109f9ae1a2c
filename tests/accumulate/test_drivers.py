"""Facts about running drivers: what misbehaves is ended and told of, and the next case goes on. Real processes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from deltaproof.accumulate.answers import Answer, Broken, Raised, Said, Trouble
from deltaproof.accumulate.protocol import Ask
from deltaproof.drive.accumulators.accumulator import Driver, Folded, OneShot, Persistent
from deltaproof.errors import DeltaproofError

REQUEST: dict[str, object] = {"model": "m", "messages": [], "stream": True}

LINES = """
import json, os, signal, subprocess, sys
out = os.fdopen(int(os.environ["DELTAPROOF_ANSWER_FD"]), "w") if "fd" in sys.argv else sys.stdout
def say(**answer):
    print(json.dumps(answer), file=out, flush=True)
for line in sys.stdin:
    case = json.loads(line)["case"]
    if case == "hang": signal.pause()
    if case == "crash": sys.exit("no more of this")
    if case == "killed": os.kill(os.getpid(), signal.SIGSEGV)
    if case == "flood":
        while True: print("x" * 100_000)
    if case == "close":
        os.close(0); os.close(1); signal.pause()
    if case == "chatter": print("loading", case, json.dumps({"content": 1}), "\\n{", end="")
    if case == "late": say(case="earlier", message={"content": "of another case"})
    if case == "raise": say(case=case, raised={"type": "E", "message": "m"})
    say(case=case, message={"content": case + str(os.getpid()) * ("pid" in sys.argv)}, seconds=0.5)
"""


def ask(case: str) -> Ask:
    """Return a case; nothing listens at its address."""
    return Ask(case, "http://127.0.0.1:9/v1", REQUEST, 1.0)


def folded(driver: Driver, *cases: str, limit: float = 5.0) -> list[Folded]:
    """Let a driver fold some cases, and end it."""

    async def fold() -> list[Folded]:
        try:
            return [await driver.fold(ask(case), limit if case != "hang" else 0.2) for case in cases]
        finally:
            await driver.close()

    return asyncio.run(fold())


def answers(driver: Driver, *cases: str) -> list[Answer]:
    """Return what a driver answers to some cases."""
    return [one.answer for one in folded(driver, *cases)]


def python(program: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a program."""
    return (sys.executable, "-c", program, *arguments)


def is_alive(pid: int) -> bool:
    """Tell whether a process lives that has not ended and only waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


@pytest.mark.parametrize("where", ["fd", "stdout"])
def test_a_persistent_driver_answers_many_cases_in_one_process(where: str) -> None:
    """Answers come from the descriptor that is named, or from standard output; the process stays the same."""
    driver = Persistent(python(LINES, where, "pid"))
    first, second = (answer.content for answer in answers(driver, "a", "b") if isinstance(answer, Said))
    assert (first[0], second[0]) == ("a", "b")
    assert first[1:] == second[1:]


@pytest.mark.parametrize("where", ["fd", "stdout"])
def test_trouble_is_told_and_the_next_case_goes_on(where: str) -> None:
    """A driver that hangs, crashes, is killed, floods or closes its output is ended; a new one takes the next case."""
    if where == "stdout":
        cases = ["a", "crash", "b", "late", "raise", "c"]
        expected: list[Answer] = [
            Said("a"), Broken(Trouble.CRASHED, "it ended with exit code 1: no more of this"), Said("b"), Said("late"),
            Raised("E", "m"), Said("c"),
        ]  # fmt: skip
    else:
        cases = ["a", "hang", "b", "crash", "c", "killed", "d", "flood", "e", "chatter", "f"]
        expected = [
            Said("a"),
            Broken(Trouble.HUNG, "no answer within 0.2 s"),
            Said("b"),
            Broken(Trouble.CRASHED, "it ended with exit code 1: no more of this"),
            Said("c"),
            Broken(Trouble.CRASHED, "it was ended by SIGSEGV"),
            Said("d"),
            Broken(Trouble.FLOODED, "it printed more than 32 MiB"),
            Said("e"),
            Said("chatter"),
            Said("f"),
        ]
    assert answers(Persistent(python(LINES, where)), *cases) == expected


def test_what_a_client_says_of_its_time_is_kept() -> None:
    """The client's own seconds stand beside those of the whole way."""
    (one,) = folded(Persistent(python(LINES)), "a")
    assert one.own == 0.5
    assert one.seconds > 0


def test_a_driver_that_cannot_begin_is_not_started_for_every_case() -> None:
    """After two failures without a single answer the rest of the cases are told why, at once."""
    driver = Persistent(python("import no_such_package"))
    why = "it ended with exit code 1: ModuleNotFoundError: No module named 'no_such_package'"
    assert answers(driver, "a", "b", "c") == [
        Broken(Trouble.CRASHED, why),
        Broken(Trouble.CRASHED, why),
        Broken(Trouble.CRASHED, f"it failed 2 times from the start: {why}"),
    ]


def test_a_driver_that_never_gets_ready_is_given_up() -> None:
    """What says nothing at all is waited for as long as clients take to import, and no longer."""
    driver = Persistent(python("import signal; signal.pause()"), starting=0.1)
    assert answers(driver, "hang") == [Broken(Trouble.HUNG, "no answer within 0.3 s")]


def test_a_driver_that_is_ready_has_no_more_time_than_for_a_case() -> None:
    """Its imports are over then, and what it is slow at is the stream."""
    program = "import signal; print('{\"ready\": true}', flush=True); signal.pause()"
    assert answers(Persistent(python(program)), "hang") == [Broken(Trouble.HUNG, "no answer within 0.2 s")]


ONE_SHOTS = [
    ("print('{\"content\": \"Hi\"}')", Said("Hi")),
    ("import os; os.write(int(os.environ['DELTAPROOF_ANSWER_FD']), b'{\"content\": \"Hi\"}'); print('{\"content\": 1}')", Said("Hi")),
    ("print('Loading...'); print('{\\n  \"content\": \"Hi\"\\n}')", Said("Hi")),
    ("import os; print('{\"content\": \"%s\"}' % os.environ['OPENAI_BASE_URL'])", Said("http://127.0.0.1:9/v1")),
    ("import json, sys; print(json.dumps({'content': json.load(sys.stdin)['model']}))", Said("m")),
    ("raise ValueError('broken stream')", Raised("exit code 1", "ValueError: broken stream")),
    ("print('nothing')", Broken(Trouble.CRASHED, "it ended without an answer")),
    ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", Broken(Trouble.CRASHED, "was ended by SIGABRT")),
    ("import itertools\nfor _ in itertools.count(): print('x' * 100_000)", Broken(Trouble.FLOODED, "it printed more than 32 MiB")),
]  # fmt: skip


@pytest.mark.parametrize(("program", "answer"), ONE_SHOTS)
def test_a_command_runs_once_for_each_case(program: str, answer: Answer) -> None:
    """It gets the request and the address, and its answer is found in what it prints; an exit code is an error."""
    assert answers(OneShot(python(program)), "a") == [answer]


def test_a_command_that_hangs_is_ended() -> None:
    """After its time a command is no more, and nothing that it started."""
    driver = OneShot(python("import signal; signal.pause()"))
    assert answers(driver, "hang") == [Broken(Trouble.HUNG, "no answer within 0.2 s")]


LEAVES = """
import json, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], {options})
message = {{"content": str(child.pid)}}
line = sys.stdin.readline()
asked = json.loads(line)
print(json.dumps({{"case": asked["case"], "message": message}} if "case" in asked else message), flush=True)
{rest}
"""


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="only there does the system tell what a driver left"
)
@pytest.mark.parametrize("options", ["", "start_new_session=True", "stdout=subprocess.DEVNULL, start_new_session=True"])
def test_what_a_driver_leaves_behind_is_ended(options: str) -> None:
    """A child is found in its group or out of it, even if it holds the pipes open; the answer counts all the same."""
    (one,) = folded(OneShot(python(LEAVES.format(options=options, rest=""))), "a")
    assert isinstance(one.answer, Said)
    assert one.left == 1
    assert not is_alive(int(one.answer.content))
    (many,) = folded(Persistent(python(LEAVES.format(options=options, rest="sys.stdin.read()"))), "a")
    assert isinstance(many.answer, Said)
    assert not is_alive(int(many.answer.content))


def test_no_keys_and_no_proxies_reach_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is secret on this machine is nothing for a client that only reads recordings."""
    secrets = {
        "OPENAI_API_KEY": "sk-1",
        "GROQ_API_KEY": "gsk",
        "HF_TOKEN": "hf",
        "https_proxy": "http://x",
        "OPENAI_ORG_ID": "o",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    program = "import json, os; print(json.dumps({'content': json.dumps(dict(os.environ))}))"
    (answer,) = answers(OneShot(python(program)), "a")
    assert isinstance(answer, Said)
    seen = json.loads(answer.content)
    assert {name: seen.get(name) for name in secrets} == {
        "OPENAI_API_KEY": "unused", "GROQ_API_KEY": None, "HF_TOKEN": None, "https_proxy": None, "OPENAI_ORG_ID": None,
    }  # fmt: skip
    assert seen["PATH"] == os.environ["PATH"]


def test_a_command_that_is_not_there_is_the_operators_mistake() -> None:
    """It is told at once, not as what came of a case."""
    for driver in (OneShot(("./no-such-command",)), Persistent(("./no-such-command",))):
        with pytest.raises(DeltaproofError, match="cannot be started"):
            folded(driver, "a")
