"""Facts about the endpoint of a whole session, and the environment that leads clients to a test's."""

from __future__ import annotations

import pytest

from tests.cli.command import CLEAN, REPEATED
from tests.plugin.project import Project, answered

MISSED = (
    "not recorded: no recorded request equals this POST /chat/completions; in the closest,"
    " cassettes/session.yaml#0, temperature is absent, not 2\n"
    "To record it too: --deltaproof-record new_episodes --deltaproof-upstream URL\n"
)


def test_each_test_is_judged_by_what_passes_during_it(project: Project) -> None:
    """By its own mark; what a fixture asked for all is the first one's, and one that asks nothing passes."""
    project.cassette(answered(), answered(REPEATED, temperature=1), name="session.yaml")
    project.tests("""
@pytest.fixture(scope="session")
def warm(deltaproof_session):
    ask(deltaproof_session.base_url)

def test_first(deltaproof_session, warm):
    assert len(deltaproof_session.exchanges) == 1

def test_idle(deltaproof_session):
    assert deltaproof_session.exchanges == ()

@pytest.mark.deltaproof(fail_on="never")
def test_lenient(deltaproof_session):
    ask(deltaproof_session.base_url, temperature=1)
    assert len(deltaproof_session.report.findings) == 1

def test_repeated(deltaproof_session):
    ask(deltaproof_session.base_url, temperature=1)

def test_missed(deltaproof_session):
    ask(deltaproof_session.base_url, temperature=2)

def test_last(deltaproof_session):
    ask(deltaproof_session.base_url)
    assert deltaproof_session.stream.finish_reason == "tool_calls"
""")
    ran = project.run("-rN")
    assert (ran.code, ran.counts) == (1, "2 failed, 4 passed")
    first, title, rest = ran.told.partition(f"{' test_missed ':_^80}\n")
    assert first.startswith(
        f"{' FAILURES ':=^80}\n{' test_repeated ':_^80}\n✗ error  tool-call-continuation-name  the same name again\n"
    )
    assert (title != "", rest.removesuffix(f"{ran.counts}\n")) == (True, MISSED)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("cassette='x.yaml'", "cassette"),
        ("upstream='http://127.0.0.1:1/v1', fail_on='never'", "upstream"),
        ("faults=['done-missing'], timing='recorded', split='byte'", "faults, timing, split"),
    ],
)
def test_a_mark_that_says_how_to_answer_is_refused(mark: str, words: str, project: Project) -> None:
    """Where the test has no endpoint of its own; a module's mark is for those that have one."""
    project.cassette(answered(), name="session.yaml")
    project.cassette(answered(), name="test_more/x.yaml")
    project.tests(f"""
@pytest.mark.deltaproof({mark})
def test_it(deltaproof_session):
    raise AssertionError
""")
    project.tests(
        """
pytestmark = pytest.mark.deltaproof(cassette="x.yaml")

def test_session(deltaproof_session):
    ask(deltaproof_session.base_url)

@pytest.mark.deltaproof(split="byte")
def test_both(deltaproof, deltaproof_session):
    ask(deltaproof.base_url)
""",
        name="test_more.py",
    )
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed, 2 passed")
    assert ran.told == (
        f"{' FAILURES ':=^80}\n{' test_it ':_^80}\n"
        f"test_agent.py::test_it: the mark deltaproof has {words}, which the fixture deltaproof_session does not take."
        " Use the fixture deltaproof, or leave it out\n"
    )


def test_it_takes_no_parameter(project: Project) -> None:
    """A fault in it would be for all tests."""
    project.cassette(answered(), name="session.yaml")
    project.tests("""
from deltaproof.testing import faults

@pytest.mark.parametrize("deltaproof_session", faults("name-repeated"), indirect=True)
def test_it(deltaproof_session):
    raise AssertionError
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 error")
    assert ran.told == (
        f"{' ERRORS ':=^80}\n{' ERROR at setup of test_it[name-repeated] ':_^80}\n"
        "deltaproof_session: it takes no parameter, since it is one for all tests. Parametrize the fixture deltaproof,"
        " with indirect=True\n"
    )


def test_a_test_can_have_both(project: Project) -> None:
    """Each is a server of its own."""
    project.cassette(answered(), name="session.yaml")
    project.cassette(answered(temperature=1))
    project.tests("""
def test_it(deltaproof, deltaproof_session):
    ask(deltaproof.base_url, temperature=1)
    ask(deltaproof_session.base_url)
    assert (len(deltaproof.exchanges), len(deltaproof_session.exchanges)) == (1, 1)
""")
    assert project.run().counts == "1 passed"


def test_without_its_cassette_every_test_that_asks_says_so(project: Project) -> None:
    """With the place, and how to record it."""
    project.tests("""
def test_it(deltaproof_session):
    ask(deltaproof_session.base_url)

def test_idle(deltaproof_session):
    pass
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed, 1 passed")
    assert ran.told == (
        f"{' FAILURES ':=^80}\n{' test_it ':_^80}\n"
        "not recorded: nothing is recorded for POST /chat/completions\n"
        "cassettes/session.yaml: there is no such cassette. Record it: --deltaproof-record once --deltaproof-upstream"
        " URL\n"
    )


def test_other_processes_find_the_endpoint_in_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the test is over; a key that is there stays, and a proxy that is set is not asked for this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    project.cassette(answered(CLEAN))
    project.tests("""
import os, subprocess, sys

def test_it(deltaproof, deltaproof_environ):
    assert deltaproof_environ == {
        "OPENAI_API_KEY": "unused",
        "OPENAI_BASE_URL": deltaproof.base_url,
        "OPENAI_API_BASE": deltaproof.base_url,
        "no_proxy": "127.0.0.1,localhost,::1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }
    asks = "import os, agent; print(len(agent.ask(os.environ['OPENAI_BASE_URL'])))"
    assert subprocess.check_output([sys.executable, "-c", asks]) == b"775\\n"
    assert deltaproof.stream.tool_calls[0].arguments == '{"a":1}'

def test_after():
    assert "OPENAI_BASE_URL" not in os.environ

@pytest.mark.deltaproof(cassette="test_it.yaml")
def test_with_a_key(monkeypatch, request):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    assert "OPENAI_API_KEY" not in request.getfixturevalue("deltaproof_environ")
    assert os.environ["OPENAI_API_KEY"] == "sk-mine"
""")
    assert project.run().counts == "3 passed"
