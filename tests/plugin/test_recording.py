"""Facts about recording with the fixture: when an upstream is asked, what is kept, what is told, and of what dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deltaproof.cassette.modes import RecordMode
from deltaproof.cassette.page_file import RECOVERED
from deltaproof.exchange import End, Exchange
from tests.cli.command import CLEAN, REPEATED
from tests.plugin.project import REQUEST, Project, Ran, answered
from tests.record.test_command import streaming
from tests.run.server import STREAM_HEAD, Act, Asked, Running, piece, response, serving

ASKS = """
def test_it(deltaproof):
    ask(deltaproof.base_url)
    assert [one.source for one in deltaproof.exchanges] == ["cassettes/test_agent/test_it.yaml"]
    ask(deltaproof.base_url, temperature=1)
    assert [one.request.get("temperature") for one in deltaproof.exchanges] == [None, 1]
    assert deltaproof.stream.tool_calls[0].name == "f"
"""


def record(project: Project, mode: str, upstream: Running, *options: str) -> Ran:
    """Run the tests, and record."""
    return project.run("--deltaproof-record", mode, "--deltaproof-upstream", upstream.url, *options)


def failed(name: str, text: str, phase: str = "") -> str:
    """Return how pytest tells of a test that fails."""
    title = f" ERROR at {phase} of {name} " if phase else f" {name} "
    return f"{' ERRORS ' if phase else ' FAILURES ':=^80}\n{title:_^80}\n{text}\n"


def test_what_is_recorded_once_is_replayed_without_the_upstream(project: Project) -> None:
    """In the place where it is looked for; with the secrets scrubbed, and nothing else in its folder."""
    project.tests(ASKS)
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server).counts == "1 passed"
        assert record(project, "once", server).counts == "1 passed"
        assert [asked.path for asked in server.asked] == ["/v1/chat/completions"] * 2
    assert project.run().counts == "1 passed"
    assert [one.request for one in project.kept()] == [REQUEST, {**REQUEST, "temperature": 1}]
    assert [dict(one.sent_headers)["Authorization"] for one in project.kept()] == ["SCRUBBED"] * 2
    assert [path.name for path in (project.folder / "cassettes" / "test_agent").iterdir()] == ["test_it.yaml"]


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [
        (RecordMode.NONE, [], [1]),
        (RecordMode.ONCE, [], [1]),
        (RecordMode.NEW_EPISODES, [None], [1, None]),
        (RecordMode.ALL, [None, 1], [1, None, 1]),
        (RecordMode.REWRITE, [None, 1], [None, 1]),
    ],
)
def test_each_mode_does_with_a_cassette_what_vcrpy_does(
    mode: RecordMode, asked: list[object], kept: list[object], project: Project
) -> None:
    """The second of two requests is recorded already."""
    project.cassette(answered(temperature=1))
    project.tests(ASKS)
    with serving(streaming(CLEAN)) as server:
        ran = record(project, mode.value, server)
        assert [one.json.get("temperature") for one in server.asked] == asked
    assert [(one.request or {}).get("temperature") for one in project.kept()] == kept
    assert ran.counts == ("1 failed" if mode in (RecordMode.NONE, RecordMode.ONCE) else "1 passed")


def test_recorded_streams_are_judged_like_others(project: Project) -> None:
    """And kept."""
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    with serving(streaming(REPEATED)) as server:
        ran = record(project, "once", server)
    assert (ran.code, ran.counts) == (1, "1 failed")
    told = ran.told
    assert project.run().told == told
    assert told.startswith(failed("test_it", "✗ error  tool-call-continuation-name  the same name again")[:-1])


def test_without_an_upstream_nothing_is_recorded(project: Project) -> None:
    """The test that would record says so."""
    project.tests(ASKS)
    ran = project.run("--deltaproof-record", "once")
    assert (ran.code, ran.counts) == (1, "1 error")
    assert ran.told == failed(
        "test_it",
        "test_agent.py::test_it: there is no upstream to record. Name it: --deltaproof-upstream URL, or upstream= of the"
        " mark",
        "setup",
    )


def test_an_upstream_that_is_not_there_fails_the_test(project: Project) -> None:
    """Also where the agent does not mind; what was recorded stays."""
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    ran = project.run("--deltaproof-record", "rewrite", "--deltaproof-upstream", "http://127.0.0.1:1/v1")
    assert (ran.code, ran.counts) == (1, "1 failed")
    assert ran.told == failed(
        "test_it",
        "not recorded: http://127.0.0.1:1/v1 cannot be reached: nothing listens there: the connection was refused",
    )
    assert len(project.kept()) == 1


@pytest.mark.parametrize(
    ("cassette", "upstream", "why"),
    [
        (
            "it.json",
            "http://127.0.0.1:1/v1",
            "cassettes/test_agent/it.json: nothing can be recorded there. Name a file in .yaml",
        ),
        (".", "http://127.0.0.1:1/v1", "cassettes/test_agent: nothing can be recorded there. Name a file in .yaml"),
    ],
)
def test_what_cannot_be_recorded_is_an_error(cassette: str, upstream: str, why: str, project: Project) -> None:
    """Before the test runs."""
    project.cassette(answered())
    project.tests(f"""
@pytest.mark.deltaproof(cassette={cassette!r}, upstream={upstream!r})
def test_it(deltaproof):
    raise AssertionError
""")
    ran = project.run("--deltaproof-record", "all")
    assert (ran.code, ran.counts) == (1, "1 error")
    assert why in ran.told


def silent_where_streaming(asked: Asked) -> Iterator[bytes | Act]:
    """Answer a plain request to the end, and of a stream only the beginning."""
    if asked.json["stream"]:
        yield from (STREAM_HEAD, piece(CLEAN[:300].encode()), Act.SILENCE)
    else:
        yield response(b'{"object":"chat.completion"}')


@pytest.mark.parametrize("use", ["stream", "check()"])
@pytest.mark.parametrize("before", ["", "ask(deltaproof.base_url, stream=False)"], ids=["alone", "after another"])
def test_a_stream_that_has_not_ended_is_not_recorded_yet(before: str, use: str, project: Project) -> None:
    """Who asks for it then is told so, rather than that nothing was asked, or only what is no stream."""
    project.tests(f"""
import json, urllib.request

def test_it(deltaproof):
    {before or "pass"}
    body = json.dumps({{"model": "m", "stream": True, "messages": []}}).encode()
    with urllib.request.urlopen(deltaproof.base_url + "/chat/completions", body) as response:
        assert response.readline()
        deltaproof.{use}
""")
    with serving(silent_where_streaming) as server:
        ran = record(project, "once", server)
    assert ran.counts == "1 failed"
    assert (
        " deltaproof.errors.DeltaproofError: a response is still on its way, and is recorded when it ends."
        " Let the client read it to its end, or close it, before you look at it\n"
    ) in ran.told


def test_the_mark_names_another_upstream(project: Project) -> None:
    """It comes before the option."""
    with serving(streaming(CLEAN)) as server, serving(streaming(CLEAN)) as other:
        project.tests(f"""
@pytest.mark.deltaproof(upstream={other.url!r})
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
        assert record(project, "once", server).counts == "1 passed"
        assert (len(server.asked), len(other.asked)) == (0, 1)


def test_the_key_of_a_named_variable_is_sent_and_not_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a test's agent needs none; without the variable it is told."""
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server, "--deltaproof-api-key-env", "OUR_KEY").code == 4
        monkeypatch.setenv("OUR_KEY", "sk-ours-ours-ours-1")
        assert record(project, "once", server, "--deltaproof-api-key-env", "OUR_KEY").counts == "1 passed"
        assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer sk-ours-ours-ours-1"]
    assert "sk-ours" not in (project.folder / "cassettes/test_agent/test_it.yaml").read_text()


def test_a_project_s_own_secrets_are_scrubbed(project: Project) -> None:
    """By the table in pytest's rootdir."""
    project.write(
        "pyproject.toml", '[tool.deltaproof.scrub]\npatterns = ["chatcmpl-[0-9]"]\n[tool.pytest.ini_options]\n'
    )
    project.tests(ASKS)
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server).counts == "1 passed"
    assert "chatcmpl-1" not in (project.folder / "cassettes/test_agent/test_it.yaml").read_text()


def test_a_test_with_faults_is_recorded_without_them(project: Project) -> None:
    """The first of several records, and counts as skipped; the others get theirs, and in the next run all do."""
    project.tests("""
from deltaproof.testing import faults

@pytest.mark.parametrize("deltaproof", faults("name-repeated", "name-null"), indirect=True)
def test_it(deltaproof):
    broken = 2 == ask(deltaproof.base_url).count('"name":')
    assert broken is (deltaproof.stream.judgement.findings != ())
""")
    with serving(streaming(CLEAN)) as server:
        ran = record(project, "all", server, "-rs")
        assert len(server.asked) == 1
    assert (ran.code, ran.counts) == (0, "1 passed, 1 skipped")
    assert "SKIPPED [1] test_agent.py:6: recorded, for name-repeated to be made of it by the next run\n" in ran.out
    assert [one.body.decode() for one in project.kept()] == [CLEAN]
    assert project.run().counts == "2 passed"


KILLED = """
import os, pathlib, signal, threading

def test_it(deltaproof):
    import http.client, json
    from agent import REQUEST
    from urllib.parse import urlsplit
    connection = http.client.HTTPConnection(urlsplit(deltaproof.base_url).netloc)
    connection.request("POST", "/v1/chat/completions", json.dumps(REQUEST), {"content-type": "application/json"})
    response = connection.getresponse()
    response.read(100)
    while not any(page.stat().st_size for page in pathlib.Path("cassettes/test_agent").glob(".journal/*")):
        threading.Event().wait(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all", "rewrite"])
def test_what_a_killed_run_has_left_is_told_and_makes_way(mode: str, project: Project) -> None:
    """What had come is in its cassette first, then the next recording of the test takes its place."""
    project.tests(KILLED)
    options = ("--deltaproof-record", mode, "--deltaproof-fail-on", "never")
    with serving(lambda _: [STREAM_HEAD, piece(CLEAN[:300].encode()), Act.SILENCE]) as server:
        project.spawn(*options, "--deltaproof-upstream", server.url)
        assert not project.kept()
        assert len(list((project.folder / "cassettes/test_agent/.journal").iterdir())) == 1
    with serving(streaming(CLEAN)) as server:
        project.tests(ASKS)
        ran = record(project, mode, server, "-W", "default")
    assert ran.counts == "1 passed, 1 warning"
    warned = "cassettes/test_agent/test_it.yaml#0 is what had come when a recording was killed"
    assert f"PytestWarning: {warned}\n" in ran.out
    assert [one.end for one in project.kept()] == [End.EOF, End.EOF]
    assert [path.name for path in (project.folder / "cassettes/test_agent").iterdir()] == ["test_it.yaml"]


KILLED_IN_THE_SECOND = KILLED.replace(
    "    connection = http",
    "    ask(deltaproof.base_url, temperature=1)\n    assert deltaproof.exchanges\n    connection = http",
)
ASKS_BOTH = """
def test_it(deltaproof):
    ask(deltaproof.base_url, temperature=1)
    ask(deltaproof.base_url)
"""
CUT = answered(CLEAN[:300], end=End.CLIENT_GONE)


def first_whole(asked: Asked) -> Iterator[bytes | Act]:
    """Answer what has a temperature to the end, and of another only the beginning."""
    if "temperature" in asked.json:
        yield from streaming(CLEAN)(asked)
    else:
        yield from (STREAM_HEAD, piece(CLEAN[:300].encode()), Act.SILENCE)


def recovered(exchange: Exchange) -> Exchange:
    """Return an exchange as it is found in a page that has no end."""
    return replace(exchange, provenance={"recovered": RECOVERED})


@pytest.mark.parametrize(
    ("mode", "asked", "kept"), [("once", [1, None], [1, None]), ("new_episodes", [None], [1, None, None])]
)
def test_a_test_whose_recording_was_killed_is_recorded_to_its_end(
    mode: str, asked: list[object], kept: list[object], project: Project
) -> None:
    """Its second request was on its way; another test that records first leaves its page alone, and is not warned."""
    project.tests(KILLED_IN_THE_SECOND)
    with serving(first_whole) as server:
        project.spawn("--deltaproof-record", "once", "--deltaproof-upstream", server.url)
    assert [one.end for one in project.kept()] == [End.EOF]
    project.tests(f"def test_first(deltaproof):\n    ask(deltaproof.base_url)\n{ASKS_BOTH}")
    with serving(streaming(CLEAN)) as server:
        ran = record(project, "once", server, "-W", "default", "-k", "test_first")
        assert ran.counts == "1 passed, 1 deselected"
        server.asked.clear()
        ran = record(project, mode, server, "-W", "default", "-k", "test_it")
        assert (ran.counts, [one.json.get("temperature") for one in server.asked]) == (
            "1 passed, 1 deselected, 1 warning",
            asked,
        )
    assert "test_it.yaml#1 is what had come when a recording was killed\n" in ran.out
    assert [(one.request or {}).get("temperature") for one in project.kept()] == kept
    assert not list(project.folder.glob("cassettes/test_agent/.journal"))
    assert project.run().counts == "2 passed"


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [
        ("once", [1, None], [False, False]),
        ("new_episodes", [None], [False, True, False]),
        ("rewrite", [1, None], [False, False]),
    ],
)
def test_what_was_recovered_answers_nothing_while_recording(
    mode: str, asked: list[object], kept: list[bool], project: Project
) -> None:
    """As an earlier run, or `deltaproof record`, has put it into the cassette; then the test is replayed."""
    project.cassette(answered(temperature=1), recovered(CUT))
    project.tests(ASKS_BOTH)
    with serving(streaming(CLEAN)) as server:
        assert record(project, mode, server).counts == "1 passed"
        assert [one.json.get("temperature") for one in server.asked] == asked
    assert ["recovered" in one.provenance for one in project.kept()] == kept
    assert project.run().counts == "1 passed"


def test_what_was_recovered_fails_the_test_that_it_answers(project: Project) -> None:
    """The test is told how to record it again."""
    project.cassette(answered(temperature=1), recovered(CUT))
    project.tests("""
import http.client

def test_it(deltaproof):
    ask(deltaproof.base_url, temperature=1)
    with pytest.raises(http.client.IncompleteRead):
        ask(deltaproof.base_url)
""")
    ran = project.run("--deltaproof-fail-on", "never")
    assert (ran.code, ran.counts) == (1, "1 failed")
    assert ran.told == failed(
        "test_it",
        "cassettes/test_agent/test_it.yaml#1 was cut short: its recording was killed\n"
        "Record the test again: --deltaproof-record once --deltaproof-upstream URL",
    )


def test_a_fault_is_made_of_a_whole_recording(project: Project) -> None:
    """Where it was killed it is recorded anew, as where there is none."""
    project.cassette(recovered(CUT))
    project.tests("""
@pytest.mark.deltaproof(faults=["name-repeated"])
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    with serving(streaming(CLEAN)) as server:
        assert record(project, "once", server).counts == "1 skipped"
    assert [one.body.decode() for one in project.kept()] == [CLEAN]
    assert project.run().counts == "1 passed"


MANY = """
@pytest.mark.parametrize("number", range(12))
def test_it(deltaproof, deltaproof_session, number):
    ask(deltaproof.base_url, temperature=number)
    ask(deltaproof_session.base_url, seed=number)
    assert [one.request["temperature"] for one in deltaproof.exchanges] == [number]
    assert [one.request["seed"] for one in deltaproof_session.exchanges] == [number]
"""


@pytest.mark.parametrize("mode", ["once", "rewrite"])
def test_four_workers_record_side_by_side(mode: str, project: Project) -> None:
    """Each test its own cassette in one folder, and all that of the session; then they replay in any order."""
    if mode == "rewrite":
        project.cassette(answered(seed=99), name="session.yaml")
    project.tests(MANY)
    with serving(streaming(CLEAN)) as server:
        options = ("-n4", "--deltaproof-record", mode, "--deltaproof-upstream", server.url)
        ran = project.spawn(*options, plugins=["xdist"])
    assert ran.counts == "12 passed", ran.out
    session = [json.loads(one.sent)["seed"] for one in project.kept("session.yaml")]
    assert sorted(session) == list(range(12))
    names = {path.name for path in (project.folder / "cassettes/test_agent").iterdir()}
    assert names == {f"test_it[{number}].yaml" for number in range(12)}
    assert project.spawn("-n4", plugins=["xdist"]).counts == "12 passed"
    assert project.run().counts == "12 passed"


SHARING = """
@pytest.mark.deltaproof(cassette="../shared.yaml")
@pytest.mark.parametrize("seed", range(6))
def test_it(deltaproof, seed):
    ask(deltaproof.base_url, seed=seed)

@pytest.mark.parametrize("way", ["a/b", "a:b"])
def test_way(deltaproof, way):
    ask(deltaproof.base_url, way=way)
"""


@pytest.mark.parametrize("workers", [(), ("-n4", "--dist=load")], ids=["alone", "xdist"])
def test_what_tests_record_anew_into_one_cassette_is_all_there(workers: tuple[str, ...], project: Project) -> None:
    """What was there before goes, and what another test of the run has recorded does not, whichever worker ran it."""
    project.cassette(answered(seed=99), name="shared.yaml")
    project.cassette(answered(way="old"), name="test_agent/test_way[a-b].yaml")
    project.tests(SHARING)
    plugins = ["xdist"] if workers else []
    with serving(streaming(CLEAN)) as server:
        options = (*workers, "--deltaproof-record", "rewrite", "--deltaproof-upstream", server.url)
        for _ in range(2):
            ran = project.spawn(*options, plugins=plugins)
            assert ran.counts == "8 passed", ran.out
    assert sorted(json.loads(one.sent)["seed"] for one in project.kept("shared.yaml")) == list(range(6))
    ways = [json.loads(one.sent)["way"] for one in project.kept("test_agent/test_way[a-b].yaml")]
    assert sorted(ways) == ["a/b", "a:b"]
    assert project.spawn(*workers, plugins=plugins).counts == "8 passed"


LATE = """
import pathlib, threading

def pytest_collection_finish(session):
    if getattr(session.config, "workerinput", {}).get("workerid") == "gw1":
        for _ in range(200):
            if pathlib.Path("cassettes/shared.yaml").exists():
                break
            threading.Event().wait(0.05)
"""


@pytest.mark.parametrize(
    ("fixture", "endpoint"),
    [("deltaproof", "deltaproof"), ("request", 'request.getfixturevalue("deltaproof")')],
    ids=["argument", "getfixturevalue"],
)
def test_a_worker_that_is_late_takes_nothing_that_another_has_recorded(
    fixture: str, endpoint: str, project: Project
) -> None:
    """It looks before it says that it is ready, also for tests that ask for the fixture only as they run."""
    project.write("conftest.py", LATE)
    project.tests(f"""
@pytest.mark.deltaproof(cassette="../shared.yaml")
@pytest.mark.parametrize("seed", range(4))
def test_it({fixture}, seed):
    ask({endpoint}.base_url, seed=seed)
""")
    with serving(streaming(CLEAN)) as server:
        options = ("-n2", "--deltaproof-record", "rewrite", "--deltaproof-upstream", server.url)
        ran = project.spawn(*options, plugins=["xdist"])
    assert ran.counts == "4 passed", ran.out
    assert sorted(json.loads(one.sent)["seed"] for one in project.kept("shared.yaml")) == list(range(4))


AGAIN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    runtestprotocol(item, nextitem=nextitem)
    return True
"""


def test_a_test_that_is_run_again_takes_what_it_has_recorded_and_no_other_s(project: Project) -> None:
    """As plugins run those again that fail; where others have its cassette too, it adds to that."""
    project.write("conftest.py", AGAIN)
    project.tests("""
@pytest.mark.deltaproof(cassette="../shared.yaml")
@pytest.mark.parametrize("seed", range(2))
def test_shared(deltaproof, seed):
    ask(deltaproof.base_url, seed=seed)

def test_own(deltaproof):
    ask(deltaproof.base_url)
""")
    with serving(streaming(CLEAN)) as server:
        assert record(project, "rewrite", server).counts == "3 passed"
    assert [json.loads(one.sent)["seed"] for one in project.kept("shared.yaml")] == [0, 0, 1, 1]
    assert len(project.kept("test_agent/test_own.yaml")) == 1


def test_what_is_in_the_way_of_a_cassette_is_named_as_a_person_does(project: Project) -> None:
    """By its path from where pytest was started, as in replay."""
    project.write("cassettes", "")
    project.tests(ASKS)
    ran = project.run("--deltaproof-record", "all", "--deltaproof-upstream", "http://127.0.0.1:1/v1")
    why = "cassettes/test_agent/test_it.yaml: the cassette cannot be looked at: Not a directory."
    assert f"\n{why} Move away what is there, or choose another path\n" in ran.told
