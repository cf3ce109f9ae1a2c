"""Facts about a run that is interrupted while it records: what it had of a stream is not taken for the whole."""

from __future__ import annotations

import pytest

from deltaproof.exchange import End
from tests.cli.command import CLEAN
from tests.plugin.project import Project, Ran, answered
from tests.plugin.test_recording import CUT, first_whole, record
from tests.record.test_command import streaming
from tests.run.server import STREAM_HEAD, Act, Running, piece, serving

READS = """
import contextlib, http.client, json, os, signal
from agent import REQUEST
from urllib.parse import urlsplit

def begin(base_url):
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc)
    connection.request("POST", "/v1/chat/completions", json.dumps(REQUEST), {"content-type": "application/json"})
    return connection, connection.getresponse()

def interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)
"""

HOLDS_ON = f"""{READS}
def test_it(deltaproof):
    connection, response = begin(deltaproof.base_url)
    response.read(100)
    interrupt()
"""

HANGS_UP = f"""{READS}
def test_it(deltaproof):
    connection, response = begin(deltaproof.base_url)
    with contextlib.closing(connection), response:
        response.read(100)
        interrupt()
"""

EXITS = HANGS_UP.replace("        interrupt()", "        pytest.exit('enough')")

LOOKS_AFTERWARDS = f"""{READS}
@pytest.fixture
def agent(deltaproof):
    yield
    assert deltaproof.exchanges == ()

def test_it(deltaproof, agent):
    connection, response = begin(deltaproof.base_url)
    with contextlib.closing(connection), response:
        response.read(100)
        interrupt()
"""

ASKS_AFTERWARDS = LOOKS_AFTERWARDS.replace(
    "assert deltaproof.exchanges == ()", "ask(deltaproof.base_url, temperature=1)"
)

LOOKS_MEANWHILE = f"""{READS}
import threading

def test_it(deltaproof):
    connection, response = begin(deltaproof.base_url)
    with contextlib.closing(connection), response:
        response.read(100)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        assert deltaproof.exchanges == ()
        threading.Event().wait(20)
"""

SESSION = HANGS_UP.replace("deltaproof", "deltaproof_session")

ASKS = """
def test_it(deltaproof):
    ask(deltaproof.base_url)
"""


def beginning(project: Project) -> Ran:
    """Record from an upstream that sends the beginning of a stream."""
    with serving(first_whole) as server:
        return spawned(project, server)


def spawned(project: Project, server: Running) -> Ran:
    """Record with `once` in a process of its own."""
    return project.spawn("--deltaproof-record", "once", "--deltaproof-upstream", server.url)


@pytest.mark.parametrize(
    ("tests", "asks", "name"),
    [
        (HOLDS_ON, ASKS, "test_agent/test_it.yaml"),
        (HANGS_UP, ASKS, "test_agent/test_it.yaml"),
        (EXITS, ASKS, "test_agent/test_it.yaml"),
        (LOOKS_AFTERWARDS, ASKS, "test_agent/test_it.yaml"),
        (ASKS_AFTERWARDS, ASKS, "test_agent/test_it.yaml"),
        (LOOKS_MEANWHILE, ASKS, "test_agent/test_it.yaml"),
        (SESSION, ASKS.replace("deltaproof", "deltaproof_session"), "session.yaml"),
    ],
    ids=["holds on", "hangs up", "pytest.exit", "looks afterwards", "asks afterwards", "looks meanwhile", "session"],
)
def test_what_an_interrupt_cuts_short_is_recorded_anew(tests: str, asks: str, name: str, project: Project) -> None:
    """Whoever ends the connection on the way out; a replay until then fails."""
    project.tests(tests)
    assert beginning(project).code == pytest.ExitCode.INTERRUPTED
    assert End.CLIENT_GONE not in [one.end for one in project.kept(name)]
    before = project.kept(name)
    project.tests(asks)
    assert project.run().counts == "1 failed"
    with serving(streaming(CLEAN)) as server:
        ran = record(project, "once", server, "-W", "default")
        assert (ran.counts, len(server.asked)) == ("1 passed, 1 warning", 1)
    assert f"cassettes/{name}#{len(before)} is what had come when a recording was killed\n" in ran.out
    assert [(one.body.decode(), one.end) for one in project.kept(name)] == [(CLEAN, End.EOF)]
    assert project.run().counts == "1 passed"


def test_what_was_whole_before_an_interrupt_is_kept(project: Project) -> None:
    """So is what the test's client hung up on by itself, before it asked for the next; once records all anew."""
    project.tests(f"""{READS}
def test_it(deltaproof):
    connection, response = begin(deltaproof.base_url)
    with contextlib.closing(connection), response:
        response.read(100)
    ask(deltaproof.base_url, temperature=1)
    connection, response = begin(deltaproof.base_url)
    response.read(100)
    interrupt()
""")
    with serving(first_whole) as server:
        assert spawned(project, server).code == pytest.ExitCode.INTERRUPTED
    assert sorted(one.end for one in project.kept()) == [End.CLIENT_GONE, End.EOF]
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url, temperature=1)
""")
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server, "-W", "default").counts == "1 passed, 1 warning"
        assert len(server.asked) == 1
    assert [one.end for one in project.kept()] == [End.EOF]


def test_a_client_that_hangs_up_by_itself_is_recorded_once(project: Project) -> None:
    """Its stream is as long as it wanted it, also where nothing else is asked or looked at."""
    hangs_up = HANGS_UP.replace("        interrupt()\n", "")
    project.tests(hangs_up)
    with serving(lambda _: [STREAM_HEAD, piece(CLEAN[:300].encode()), Act.SILENCE]) as server:
        options = ("--deltaproof-fail-on", "never")
        assert record(project, "once", server, *options).counts == "1 passed"
        assert [(one.body, one.end) for one in project.kept()] == [(CUT.body, CUT.end)]
        assert record(project, "once", server, *options).counts == "1 passed"
        assert len(server.asked) == 1


def test_a_run_that_stops_after_a_failure_is_not_interrupted(project: Project) -> None:
    """What the session's endpoint was asked for until then is whole."""
    project.tests("""
def test_it(deltaproof_session):
    ask(deltaproof_session.base_url)
    raise AssertionError

def test_next(deltaproof_session):
    raise AssertionError
""")
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server, "-x").counts == "1 failed"
    assert [one.body for one in project.kept("session.yaml")] == [answered().body]
