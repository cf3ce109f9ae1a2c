"""Facts about what is asked when a test's function has ended, by fixtures that clean up."""

from __future__ import annotations

import pytest

from tests.cli.command import CLEAN, REPEATED
from tests.plugin.project import Project, answered
from tests.plugin.test_fixture import FINDING, STRICT
from tests.plugin.test_recording import record
from tests.record.test_command import streaming
from tests.run.server import serving

CLEANS_UP = """
@pytest.fixture
def agent(deltaproof):
    yield
    ask(deltaproof.base_url)

def test_it(deltaproof, agent):
    ask(deltaproof.base_url, temperature=1)
"""

ERROR = f"{' ERRORS ':=^80}\n{' ERROR at teardown of test_it ':_^80}\n"


def test_a_finding_in_what_is_asked_after_the_test_is_an_error_of_its_teardown(project: Project) -> None:
    """Only of what passed then: the test's own finding is told once."""
    project.cassette(answered(REPEATED), answered(temperature=1))
    project.tests(CLEANS_UP)
    ran = project.run()
    assert (ran.code, ran.counts, ran.told) == (1, "1 passed, 1 error", ERROR + FINDING)


def test_a_finding_is_told_once(project: Project) -> None:
    """In the call, where what is asked afterwards is clean."""
    project.cassette(answered(), answered(REPEATED, temperature=1))
    project.tests(CLEANS_UP)
    assert project.run().counts == "1 failed"


def test_what_is_recorded_after_the_test_is_judged(project: Project) -> None:
    """As what is replayed is."""
    project.tests(CLEANS_UP)
    with serving(streaming(REPEATED)) as server:
        assert record(project, "once", server, "--deltaproof-fail-on", "error").counts == "1 failed, 1 error"


@pytest.mark.parametrize("ends", ["pytest.skip()", "pytest.xfail()"])
def test_a_test_that_is_given_up_is_not_judged_afterwards(ends: str, project: Project) -> None:
    """As it is not by what passed in its call."""
    project.cassette(answered(REPEATED))
    project.tests(f"""
def test_it(deltaproof):
    ask(deltaproof.base_url)
    {ends}
""")
    assert project.run().counts == ("1 skipped" if "skip" in ends else "1 xfailed")


def test_what_a_fixture_asks_of_the_session_s_endpoint_is_held_to_the_test(project: Project) -> None:
    """Also where the endpoint itself is left in that teardown."""
    project.cassette(answered(REPEATED), name="session.yaml")
    project.tests("""
@pytest.fixture
def agent(deltaproof_session):
    yield
    ask(deltaproof_session.base_url)

def test_it(agent):
    pass

def test_other(deltaproof_session):
    assert deltaproof_session.exchanges == ()

def test_last(agent):
    pass
""")
    ran = project.run("-rE")
    assert (ran.code, ran.counts) == (1, "3 passed, 2 errors")
    finding = FINDING.replace("test_agent/test_it.yaml, event 3, body byte 410, choice 0,", "session.yaml, event 3")
    assert ran.told.startswith(ERROR + finding.partition(", event 3")[0])


def test_under_strict_an_entry_may_be_used_by_what_cleans_up(project: Project) -> None:
    """What then is still not asked for is an error of the teardown; without such a fixture it fails the call."""
    project.cassette(answered(), answered(temperature=1))
    project.tests(CLEANS_UP)
    assert project.run("--deltaproof-strict").counts == "1 passed"
    project.tests(CLEANS_UP.replace(", temperature=1", ""))
    ran = project.run("--deltaproof-strict")
    assert (ran.code, ran.counts) == (1, "1 passed, 1 error")
    assert ran.told == ERROR + STRICT.partition(f"{' test_it ':_^80}\n")[2]


@pytest.mark.parametrize(
    "fixtures",
    [
        "@pytest.fixture\ndef agent(deltaproof):\n    return deltaproof",
        "@pytest.fixture\ndef agent():\n    yield",
    ],
    ids=["returns", "has no endpoint"],
)
def test_other_fixtures_leave_a_strict_failure_in_the_call(fixtures: str, project: Project) -> None:
    """So xfail knows it."""
    project.cassette(answered(), answered(temperature=1))
    project.tests(f"""
{fixtures}

def test_it(deltaproof, agent):
    ask(deltaproof.base_url)
""")
    ran = project.run("--deltaproof-strict")
    assert (ran.code, ran.counts, ran.told) == (1, "1 failed", STRICT)


def test_a_fixture_between_may_be_the_one_that_cleans_up(project: Project) -> None:
    """It has the endpoint by another; a test that fails by itself has what it did not use in its report alone."""
    project.cassette(answered(CLEAN), answered(temperature=1))
    tests = """
@pytest.fixture
def client(deltaproof):
    return deltaproof.base_url

@pytest.fixture
def agent(client):
    yield
    ask(client)

def test_it(deltaproof, agent):
    ask(deltaproof.base_url, temperature=1)
"""
    project.tests(tests)
    assert project.run("--deltaproof-strict").counts == "1 passed"
    project.tests(tests.replace("    ask(client)\n", "") + "    raise AssertionError\n")
    ran = project.run("--deltaproof-strict")
    assert ran.counts == "1 failed"
    assert "recorded and not asked for: cassettes/test_agent/test_it.yaml#0 POST" in ran.told
