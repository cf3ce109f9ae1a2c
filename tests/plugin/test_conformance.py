"""Facts about the conformance suite as tests: what is collected, what fails and how often, what a person reads."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from deltaproof.catalog import GROUPS, load_scenarios
from deltaproof.drive.llamacpp.llamacpp import LlamaServer
from tests.plugin.item_suite import Project, endpoint, odd, scenarios
from tests.run.command import Command
from tests.run.lies import Says, but
from tests.run.polite import MODEL, Polite
from tests.run.server import Act, Asked, refusal, serving

SHARES = ("checks", *GROUPS)
EMPTY_ID = """\
✗ error  tool-call-open-id  the call's id is an empty string
  found  the call's id is empty
  where  n-2, event 2, body byte {first}, choice 0, call 0
         n-2, event 6, body byte {second}, choice 1, call 0
  why    The id is what the tool's answer refers to; without one a client drops
         the call, fails, or invents an id that the server never saw.
  who    breaks 10 of 36 measured clients, 6 of them silently
  blame  protocol
  page   deltaproof rules tool-call-open-id

again: deltaproof run URL/v1 --model polite-1 --scenario n-2 --profile de-facto
"""
REFUSED = """\
✗ error  check failed: accepts  a request that is right is accepted; an optional
feature may be refused, with a 4xx and JSON
  found  custom-tool: the server failed over the request: status 500
  wire   out of memory
  blame  protocol

again: deltaproof run URL/v1 --model polite-1 --scenario custom-tool --profile de-facto
"""


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return `deltaproof run`."""
    return Command(capsys)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Begin a project."""
    return Project(pytester, monkeypatch)


def test_there_is_an_item_for_each_scenario_and_group_and_nothing_is_asked_to_collect_them(project: Project) -> None:
    """In the order of `run`; nobody need be there."""
    nobody = ("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m")
    assert project.ids(*nobody) == [f"deltaproof::{name}::{group}" for name in load_scenarios() for group in SHARES]


def test_a_polite_endpoint_fails_nothing(project: Project, command: Command) -> None:
    """What the rules of a group had nothing to look at in is skipped; no more is asked than `deltaproof run` asks."""
    with serving(Polite().answer) as running:
        ran = project.run(*endpoint(running, "-v"))
        asked = len(running.asked)
        command(running.url, "--model", MODEL)
    words = Counter(ran.words.values())
    assert (ran.code, set(words), sum(words.values())) == (0, {"PASSED", "SKIPPED"}, len(load_scenarios()) * 11)
    assert asked * 2 == len(running.asked)


def test_what_a_person_reads(project: Project) -> None:
    """A finding fails its group's item, a refused scenario fails once, and each says how to see it again."""
    with serving(but(odd)) as running:
        ran = project.run(*endpoint(running, "-v", "-rfs", "-k", "n-2 or custom-tool"))
    first, second = re.findall(r"event [26], body byte ([\d,]+), choice", ran.out)
    why = "failed: the server failed over the request: status 500 (blame: protocol)"
    passed = [f"deltaproof::n-2::{group}" for group in SHARES if group != "tool-call"] + [
        "deltaproof::custom-tool::transport"
    ]
    failed = ["deltaproof::n-2::tool-call", "deltaproof::custom-tool::checks"]
    skipped = [f"deltaproof::custom-tool::{group}" for group in SHARES if group not in ("checks", "transport")]
    assert ran.words == (
        dict.fromkeys(passed, "PASSED") | dict.fromkeys(failed, "FAILED") | dict.fromkeys(skipped, "SKIPPED")
    )
    where = next(line for line in ran.out.splitlines() if line.startswith("SKIPPED ["))
    assert where.endswith(f"/custom-tool.toml:1: {why}")
    assert (ran.code, ran.tail) == (
        1,
        f"""\
=================================== FAILURES ===================================
__________________________ deltaproof::n-2::tool-call __________________________
{EMPTY_ID.format(first=first, second=second)}\
_______________________ deltaproof::custom-tool::checks ________________________
{REFUSED}\
=========================== short test summary info ============================
FAILED deltaproof::n-2::tool-call - Failed: ✗ error  tool-call-open-id  the c...
FAILED deltaproof::custom-tool::checks - Failed: ✗ error  check failed: accep...
{where}
2 failed, 11 passed, 9 skipped, 429 deselected
""",
    )


def test_a_refused_scenario_fails_the_first_of_its_items_where_checks_is_not_among_them(project: Project) -> None:
    """Under -k nothing is green for want of an answer; and it is one failure still."""
    with serving(but(odd)) as running:
        ran = project.run(*endpoint(running, "-v", "-k", "custom-tool and not checks"))
        named = project.run(*endpoint(running, "-v", "deltaproof::custom-tool::usage"))
    assert [one for one, word in ran.words.items() if word == "FAILED"] == ["deltaproof::custom-tool::promise"]
    assert REFUSED in ran.out
    assert named.words == {"deltaproof::custom-tool::usage": "FAILED"}


def test_lf_runs_what_failed_alone(project: Project) -> None:
    """Only the scenarios that failed are asked again."""
    with serving(but(odd)) as running:
        project.run(*endpoint(running, "-k", "n-2 or custom-tool or plain-text"))
        running.asked.clear()
        ran = project.run(*endpoint(running, "--lf", "-v"))
    assert list(ran.words) == ["deltaproof::n-2::tool-call", "deltaproof::custom-tool::checks"]
    assert set(scenarios(running)) == {"n-2", "custom-tool"}


def test_x_ends_the_run_and_asks_no_more(project: Project) -> None:
    """What comes after the first failure is not asked."""
    with serving(but(odd)) as running:
        ran = project.run(*endpoint(running, "-x", "-k", "options or n-2 or usage-included or custom-tool"))
    assert ran.code == 1
    assert "custom-tool" not in scenarios(running)
    assert "n-2" in scenarios(running)


def test_junit_has_scenarios_for_classes_and_groups_for_names(project: Project) -> None:
    """As most readers of it show them."""
    with serving(but(odd)) as running:
        project.run(*endpoint(running, "-k", "n-2", "--junit-xml", "junit.xml"))
    assert project.cases("junit.xml") == Counter(
        ("deltaproof.n-2", group, "failure" if group == "tool-call" else "passed") for group in SHARES
    )


@pytest.mark.parametrize(
    ("named", "collected"),
    [
        pytest.param(("deltaproof::n-2::choice",), ["deltaproof::n-2::choice"], id="id"),
        pytest.param(("../deltaproof::n-2::choice",), ["deltaproof::n-2::choice"], id="id-from-a-subfolder"),
        pytest.param(("deltaproof::n-2",), [f"deltaproof::n-2::{group}" for group in SHARES], id="scenario"),
        pytest.param(
            ("deltaproof::usage-*::usage",),
            ["deltaproof::usage-included::usage", "deltaproof::usage-not-asked::usage"],
            id="pattern",
        ),
        pytest.param(
            ("deltaproof::n-2::usage", "deltaproof::n-2::choice", "test_mine.py"),
            ["test_mine.py::test_mine", "deltaproof::n-2::choice", "deltaproof::n-2::usage"],
            id="ids-and-a-path",
        ),
        pytest.param(
            ("test_mine.py", "-k", "mine or n-2 and choice"),
            ["test_mine.py::test_mine", "deltaproof::n-2::choice"],
            id="a-path",
        ),
        pytest.param(("--deselect", "deltaproof::n-2", "-k", "n-2 or mine"), [], id="deselected"),
    ],
)
def test_what_is_named_is_what_is_collected(project: Project, named: tuple[str, ...], collected: list[str]) -> None:
    """Ids as they are printed, parts of them, and paths; without a path no other test."""
    nobody = ("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m")
    ran = project.run("--collect-only", "-q", *nobody, *named)
    assert [line for line in ran.out.splitlines() if "::" in line] == collected


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("deltaproof::n-3", "there is no scenario 'n-3'. Did you mean n-2?"),
        ("deltaproof::n-2::names", f"a scenario has no group 'names'. It has {', '.join(SHARES)}"),
        ("deltaproof::n-2::choice::x", f"a scenario has no group 'choice::x'. It has {', '.join(SHARES)}"),
    ],
)
def test_what_is_not_there_cannot_be_named(project: Project, named: str, told: str) -> None:
    """Wrong usage, before anything is asked."""
    ran = project.run("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m", named)
    assert (ran.code, ran.err) == (4, f"ERROR: {told}\n\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(
            ("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m"),
            "URL/v1: nothing listens there: the connection was refused. Is the server running, and on this port?",
            id="nobody",
        ),
        pytest.param(
            ("--deltaproof-url", "localhost:8000/v1", "--deltaproof-model", "m"),
            "localhost:8000/v1: this is no URL of an endpoint. Write http://localhost:8000/v1",
            id="no-url",
        ),
        pytest.param(
            ("--deltaproof-url", "http://u:p@localhost/v1", "--deltaproof-model", "m"),
            "a URL with a user name or password in it ends up in reports."
            " Name the variable that holds the key: --deltaproof-api-key-env NAME",
            id="password",
        ),
        pytest.param(
            ("--deltaproof-url", "http://127.0.0.1:9/v1"),
            "--deltaproof-url: no model is named. Add --deltaproof-model NAME",
            id="no-model",
        ),
        pytest.param(
            (
                "--deltaproof-url",
                "http://127.0.0.1:9/v1",
                "--deltaproof-model",
                "m",
                "--deltaproof-api-key-env",
                "NO_SUCH_KEY",
            ),
            "NO_SUCH_KEY: no key is in this environment variable. export NO_SUCH_KEY=…",
            id="no-key",
        ),
        pytest.param(
            ("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m", "--deltaproof-timeout", "soon"),
            "--deltaproof-timeout: 'soon' is no number of seconds",
            id="timeout",
        ),
        pytest.param(
            ("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m", "--deltaproof-provider", "acme"),
            "there is no provider 'acme'",
            id="provider",
        ),
    ],
)
def test_an_operators_mistake_is_one_line(project: Project, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 4 as for other wrong usage, with the words of `deltaproof run`, and nothing else is said."""
    ran = project.run(*arguments)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"ERROR: {told}")
    assert ran.err.count("\n") == 2


def test_a_url_without_its_path_is_told(project: Project) -> None:
    """It is known where the endpoint is."""
    with serving(Polite().answer) as running:
        ran = project.run("--deltaproof-url", running.url.removesuffix("/v1"), "--deltaproof-model", "m")
    told = "there is no chat-completions endpoint: POST URL/chat/completions was answered 404 application/json"
    assert (ran.code, ran.err) == (4, f"ERROR: URL: {told}. There is one at URL/v1\n\n")


UNKNOWN = "URL/v1: the endpoint has no model 'm', status 400: there is no model m. It has polite-1"


def test_a_model_that_is_not_there_ends_the_run(project: Project) -> None:
    """It shows only when it is asked for; then nothing else is."""
    with serving(Polite().answer) as running:
        ran = project.run("--deltaproof-url", running.url, "--deltaproof-model", "m")
    assert (ran.code, ran.err) == (4, f"ERROR: {UNKNOWN}\n\n")
    assert "_pytest" not in ran.out
    assert len(running.asked) == 3  # the first contact is two of them


def test_a_model_that_is_not_there_ends_the_run_of_workers_too(project: Project) -> None:
    """Each worker finds out by itself; the exit code is the same."""
    with serving(Polite().answer) as running:
        ran = project.spawn("--deltaproof-url", running.url, "--deltaproof-model", "m", "-n2")
    assert ran.code == 4
    assert f"! xdist.dsession.Interrupted: {UNKNOWN} !\n" in ran.out
    assert len(running.asked) <= 8


def test_a_server_that_goes_fails_what_it_was_asked_and_the_rest_is_not_run(project: Project) -> None:
    """The request on the way, and two more to be sure; none of the rest passes."""
    polite = Polite()

    def answer(asked: Asked) -> Says:
        if len(running.asked) == 5:  # the first contact is two of them
            running.stop()
            yield Act.CUT
        yield from polite.answer(asked)

    with serving(answer) as running:
        ran = project.run(*endpoint(running, "-v"))
    names = list(load_scenarios())
    gone = "unreachable: nothing listens there: the connection was refused"
    assert ran.code == 1
    assert [one for one, word in ran.words.items() if word == "FAILED"] == [
        f"deltaproof::{name}::checks" for name in names[2:5]
    ]
    assert {ran.words[f"deltaproof::{name}::{group}"] for name in names[5:] for group in SHARES} == {"SKIPPED"}
    assert f"{gone}\nagain: deltaproof run URL/v1 --model {MODEL} --scenario {names[3]} --profile de-facto\n" in ran.out


def test_ctrl_c_ends_the_run_at_once(project: Project) -> None:
    """In the middle of a stream that does not go on, with what is known so far, and nothing left open."""
    polite, asked_now = Polite(), threading.Event()

    def answer(asked: Asked) -> Says:
        if len(running.asked) < 4:
            yield from polite.answer(asked)
            return
        asked_now.set()
        yield Act.SILENCE

    with serving(answer) as running:
        command = [sys.executable, "-X", "dev", "-m", "pytest", "-p", "deltaproof.plugin", *endpoint(running)]
        with subprocess.Popen(
            command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert asked_now.wait(30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (2, "")
    assert "!!! KeyboardInterrupt !!!" in out
    assert " passed" in out.splitlines()[-1]


def test_what_weighs_less_than_what_fails_is_in_the_items_report(project: Project) -> None:
    """-rA shows it of what passed; --deltaproof-fail-on decides."""

    def accepts(polite: Polite, asked: Asked) -> Says:
        request = {**asked.json, "n": 1} if asked.json.get("n") == 0 else asked.json
        yield from polite.answer(Asked(asked.method, asked.path, asked.headers, json.dumps(request).encode()))

    told = "! warning  check failed: refuses  a bad request is refused, with a 4xx and a JSON body\n"
    with serving(but(accepts)) as running:
        passed = project.run(*endpoint(running, "-rA", "deltaproof::refuse-n-0::checks"))
        failed = project.run(*endpoint(running, "--deltaproof-fail-on", "warning", "deltaproof::refuse-n-0::checks"))
        strict = project.run(*endpoint(running, "--deltaproof-profile", "openai-strict", "deltaproof::refuse-n-0"))
        never = project.run(*endpoint(running, "--deltaproof-fail-on", "never", "deltaproof::refuse-n-0"))
    assert (passed.code, failed.code, strict.code, never.code) == (0, 1, 1, 0)
    title = "--------------------------- Captured deltaproof call ---------------------------\n"
    assert f"{title}{told}" in passed.out.replace("a\nJSON body", "a JSON body")
    assert told in failed.out.replace("a\nJSON body", "a JSON body")


@pytest.mark.parametrize(
    "workers", [(), ("-n0",), ("-n4",), ("-n4", "--dist", "loadscope"), ("-n2", "--dist", "worksteal")]
)
def test_what_comes_of_a_run_is_the_same_with_any_number_of_workers(project: Project, workers: tuple[str, ...]) -> None:
    """The same items fail; and with -n alone no scenario is asked twice."""
    wanted = "n-2 or custom-tool or two-calls or usage"
    with serving(but(odd)) as running:
        ran = project.spawn(*endpoint(running, "-k", wanted, "--junit-xml", "junit.xml", *workers))
        asked = scenarios(running)
    cases = project.cases("junit.xml")
    assert ran.code == 1
    assert {case[:2] for case in cases if case[2] == "failure"} == {
        ("deltaproof.n-2", "tool-call"),
        ("deltaproof.custom-tool", "checks"),
    }
    assert max(cases.values()) == 1
    if "worksteal" not in workers:
        assert asked["n-2"] == asked["custom-tool"] == asked["two-calls-one-tool"] == 1


def test_other_tests_are_spread_over_workers_as_ever(project: Project) -> None:
    """Named beside the suite, each goes where there is room."""
    project.write(
        "test_many.py",
        "import os\n\nimport pytest\n\n@pytest.mark.parametrize('n', range(12))\ndef test_one(n):\n    with open(os.environ['PYTEST_XDIST_WORKER'], 'a') as file:\n        file.write('x')\n",
    )
    with serving(Polite().answer) as running:
        ran = project.spawn(*endpoint(running, "test_many.py", "-n2", "-k", "test_one"))
    assert ran.code == 0
    assert len(project.read("gw0")) + len(project.read("gw1")) == 12


def test_the_key_is_sent(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken from the variable that is named, by the environment too; and it is refused by name."""
    monkeypatch.setenv("ACME_KEY", "k-123")
    polite = Polite()

    def guarded(asked: Asked) -> Says:
        allowed = asked.headers.get("authorization") == "Bearer k-123"
        yield from polite.answer(asked) if allowed else iter([refusal("who are you?", "401 Unauthorized")])

    with serving(guarded) as running:
        without = project.run(*endpoint(running))
        monkeypatch.setenv("DELTAPROOF_PYTEST_API_KEY_ENV", "ACME_KEY")
        ran = project.run(*endpoint(running, "-k", "plain-text"))
    hint = "Name the environment variable that holds it: --deltaproof-api-key-env NAME"
    assert (without.code, without.err) == (
        4,
        f"ERROR: URL/v1: a key is wanted, status 401: who are you?. {hint}\n\n",
    )
    assert ran.code == 0


def test_the_suite_on_llama_cpp(project: Project, fresh_llamacpp: LlamaServer) -> None:
    """What fails is what `deltaproof run` finds there at the level of errors, and nothing else."""
    ran = project.run("--deltaproof-url", fresh_llamacpp.base_url, "--deltaproof-model", fresh_llamacpp.model, "-v")
    assert ran.code == 1
    assert [one for one, word in ran.words.items() if word == "FAILED"] == [
        "deltaproof::tool-choice-allowed::request",
        "deltaproof::tool-choice-named::request",
        "deltaproof::parallel-calls-off::request",
        "deltaproof::n-2::choice",
        "deltaproof::custom-tool::checks",
        "deltaproof::refuse-choice-no-tools::request",
        "deltaproof::refuse-undeclared-tool::request",
    ]
    assert ran.words["deltaproof::legacy-functions::checks"] == "SKIPPED"
