"""Facts about the fixture: what a test gets of its cassette, and what fails it besides itself."""

from __future__ import annotations

import re

import pytest

from deltaproof.exchange import End, Head
from tests.cli.command import REPEATED
from tests.plugin.project import Project, answered

FINDING = """\
✗ error  tool-call-continuation-name  the same name again
  found  the name "f" is there again
  where  cassettes/test_agent/test_it.yaml, event 3, body byte 410, choice 0,
         call 0 (2 times, last in event 4)
  wire   …"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\\"a\\""}}
         ]},"finish_reason":null}]}
  why    Clients that add up every string they are given turn a repeated name
         into `get_weatherget_weather`, which no tool has.
  who    breaks 10 of 36 measured clients, all of them silently
  blame  protocol
  page   deltaproof rules tool-call-continuation-name

1 exchange judged by de-facto: 1 error, 0 warnings, 0 notes
"""


def test_a_test_gets_what_its_cassette_holds(project: Project) -> None:
    """The stream folded, the exchanges, the report; what passes before the test begins is its own as well."""
    project.cassette(answered(), answered(temperature=1))
    project.tests("""
@pytest.fixture
def warm(deltaproof):
    ask(deltaproof.base_url, temperature=1)

def test_it(deltaproof, warm):
    stream = ask(deltaproof.base_url)
    assert stream == deltaproof.exchanges[1].body.decode()
    assert [one.request.get("temperature") for one in deltaproof.exchanges] == [1, None]
    assert [one.source for one in deltaproof.exchanges] == ["cassettes/test_agent/test_it.yaml"] * 2
    assert [one.entry for one in deltaproof.exchanges] == [1, 0]
    assert deltaproof.stream.content is None
    (call,) = deltaproof.stream.tool_calls
    assert (call.id, call.name, call.arguments) == ("call_a", "f", '{"a":1}')
    assert deltaproof.stream.finish_reason == "tool_calls"
    assert deltaproof.stream.exchange == deltaproof.exchanges[1]
    assert repr(deltaproof.stream) == (
        "Stream(content=None, tool_calls=(Call(id='call_a', name='f', arguments='{\\"a\\":1}'),), "
        "finish_reason='tool_calls')"
    )
    assert (deltaproof.report.profile, len(deltaproof.report.judged)) == ("de-facto", 2)
    assert deltaproof.check(profile="empower").profile == "empower"
    assert deltaproof.base_url == repr(deltaproof).removeprefix("<deltaproof at ").removesuffix(">")
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (0, "1 passed")


def test_without_a_cassette_a_request_is_told_how_to_record(project: Project) -> None:
    """Also where the agent does not mind that it gets no answer, and where the mark names the cassette."""
    project.tests("""
class TestAgent:
    @pytest.mark.parametrize("city", ["Paris/Rome"])
    def test_it(self, deltaproof, city):
        ask(deltaproof.base_url)

@pytest.mark.deltaproof(cassette="gone.yaml")
def test_named(deltaproof):
    ask(deltaproof.base_url)
""")
    ran = project.run("-rN")
    assert (ran.code, ran.counts) == (1, "2 failed")
    why = "not recorded: nothing is recorded for POST /chat/completions\ncassettes/test_agent"
    hint = "there is no such cassette. Record it: --deltaproof-record once --deltaproof-upstream URL\n"
    assert ran.told == (
        f"{' FAILURES ':=^80}\n"
        f"{' TestAgent.test_it[Paris/Rome] ':_^80}\n{why}/TestAgent.test_it[Paris-Rome].yaml: {hint}"
        f"{' test_named ':_^80}\n{why}/gone.yaml: {hint}"
        "2 failed\n"
    )


def test_a_test_that_asks_nothing_needs_no_cassette(project: Project) -> None:
    """So the fixture can be autouse; a recording of such a test leaves nothing, and every later run passes."""
    project.tests("""
@pytest.fixture(autouse=True)
def endpoint(deltaproof):
    yield

def test_it(deltaproof):
    assert deltaproof.exchanges == ()
""")
    once = ("--deltaproof-record", "once", "--deltaproof-upstream", "http://127.0.0.1:1/v1")
    for options in ((), once, once, ("--deltaproof-strict",)):
        assert project.run(*options).counts == "1 passed"
    assert not list(project.folder.glob("cassettes/**/*.yaml"))


def test_a_fault_needs_the_cassette_that_it_is_made_of(project: Project) -> None:
    """The test does not run, whatever it asks."""
    project.tests("""
@pytest.mark.deltaproof(faults=["name-repeated"])
def test_it(deltaproof):
    raise AssertionError
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 error")
    assert ran.told == (
        f"{' ERRORS ':=^80}\n{' ERROR at setup of test_it ':_^80}\n"
        "cassettes/test_agent/test_it.yaml: there is no such cassette. Record it: --deltaproof-record once"
        " --deltaproof-upstream URL\n"
    )


def test_a_finding_fails_the_test_in_its_call(project: Project) -> None:
    """The report is the message: rule, event, text, page."""
    project.cassette(answered(REPEATED))
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed")
    assert ran.told == f"{' FAILURES ':=^80}\n{' test_it ':_^80}\n{FINDING}"


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ("assert deltaproof.stream.content == 'Sunny'", "E       assert None == 'Sunny'\n"),
        ("pytest.fail('no sun')", "E       Failed: no sun\n"),
        ("int('Sunny')", "E       ValueError: invalid literal for int() with base 10: 'Sunny'\n"),
    ],
)
def test_a_test_that_fails_by_itself_tells_of_findings_too(fails: str, why: str, project: Project) -> None:
    """In a section of its report; its own failure stays the first."""
    project.cassette(answered(REPEATED))
    project.tests(f"""
def test_it(deltaproof):
    ask(deltaproof.base_url)
    {fails}
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed")
    first, header, section = ran.told.partition(f"{' Captured deltaproof call ':-^80}\n")
    assert why in first
    assert (header != "", section) == (True, FINDING)


def test_xfail_is_for_findings_as_well(project: Project) -> None:
    """A test of which it is known passes."""
    project.cassette(answered(REPEATED))
    project.tests("""
@pytest.mark.xfail(strict=True, reason="the server repeats names")
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    assert project.run().counts == "1 xfailed"


MISSED = (
    "not recorded: no recorded request equals this POST /chat/completions; in the closest,"
    " cassettes/test_agent/test_it.yaml#0, temperature is absent, not 1, and 1 more differ\n"
    "To record it too: --deltaproof-record new_episodes --deltaproof-upstream URL\n"
)


def test_an_unknown_request_fails_also_where_the_agent_does_not_mind(project: Project) -> None:
    """It names the closest one; the same one again is counted, and another path is told too."""
    project.cassette(answered())
    project.tests("""
import urllib.error, urllib.request

def test_it(deltaproof):
    for _ in range(2):
        assert "deltaproof_error" in ask(deltaproof.base_url, temperature=1, top_p=1)
    assert b'"m"' in urllib.request.urlopen(deltaproof.base_url + "/models").read()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(deltaproof.base_url + "/files")
    assert b"scenario/" not in caught.value.read()  # whoever has the fixture has chosen by it
    caught.value.close()
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed")
    assert ran.told == (
        f"{' FAILURES ':=^80}\n{' test_it ':_^80}\n2 times: {MISSED}"
        "not recorded: nothing is recorded for GET /files\n"
        "To record it too: --deltaproof-record new_episodes --deltaproof-upstream URL\n"
    )


@pytest.mark.parametrize(
    ("asks", "why"),
    [
        ("", "nothing has passed yet. Lead the client to http://127.0.0.1:PORT/v1, which is deltaproof.base_url, and"),
        ("ask(deltaproof.base_url, temperature=1, top_p=1)", f"no stream has passed: {MISSED.splitlines()[0]}"),
        (
            "ask(deltaproof.base_url, stream=False)",
            "no stream has passed, only a plain chat completion: stream was not",
        ),
    ],
    ids=["nothing", "not recorded", "no stream"],
)
@pytest.mark.parametrize("use", ["stream", "check()"])
def test_without_a_stream_there_is_a_reason(asks: str, why: str, use: str, project: Project) -> None:
    """Rather than an index that is out of range, and with no line of ours in the traceback."""
    plain = Head(200, (("content-type", "application/json"),))
    project.cassette(answered(), answered('{"object":"chat.completion"}', head=plain, stream=False))
    project.tests(f"""
def test_it(deltaproof):
    {asks or "pass"}
    deltaproof.{use}
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 failed")
    assert f"E       deltaproof.errors.DeltaproofError: {why}" in ran.told
    assert f"\ntest_agent.py:{6}: DeltaproofError\n" in ran.told


def test_check_by_an_unknown_profile_shows_the_line_of_the_test(project: Project) -> None:
    """And none of ours."""
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
    deltaproof.check(profile="nope")
""")
    ran = project.run("--tb=short")
    assert (
        ran.told
        == f"""\
{" FAILURES ":=^80}
{" test_it ":_^80}
test_agent.py:6: in test_it
    deltaproof.check(profile="nope")
E   deltaproof.errors.UnknownNameError: there is no profile 'nope'. Known: de-facto, empower, lenient, openai-strict
"""
    )


def test_check_by_an_unknown_level_is_told_which_there_are(project: Project) -> None:
    """Before anything is judged."""
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
    deltaproof.check(fail_on="fatal")
""")
    assert (
        project.run("--tb=short").told
        == f"""\
{" FAILURES ":=^80}
{" test_it ":_^80}
test_agent.py:6: in test_it
    deltaproof.check(fail_on="fatal")
E   deltaproof.errors.UnknownNameError: there is no level 'fatal'. Known: error, warning, note, never
"""
    )


def test_check_holds_what_has_passed_to_a_stricter_profile(project: Project) -> None:
    """Its message is the report; the test's own verdict is unchanged."""
    project.cassette(answered(REPEATED))
    project.tests("""
@pytest.mark.deltaproof(fail_on="never")
def test_it(deltaproof):
    ask(deltaproof.base_url)
    assert deltaproof.check().levels.total() == 1
    with pytest.raises(AssertionError) as caught:
        deltaproof.check(profile="empower", fail_on="warning")
    assert str(caught.value).endswith("1 exchange judged by empower: 1 error, 0 warnings, 0 notes"), str(caught.value)
""")
    assert project.run().counts == "1 passed"


def test_a_report_prints_as_few_lines(project: Project) -> None:
    """A line with the counts, and one for each finding; an exchange is one line without its body."""
    project.cassette(answered(REPEATED))
    project.tests("""
@pytest.mark.deltaproof(fail_on="never")
def test_it(deltaproof):
    ask(deltaproof.base_url)
    where = "cassettes/test_agent/test_it.yaml"
    counts = "1 exchange by de-facto: 1 error, 0 warnings, 0 notes"
    assert repr(deltaproof.report) == f"<Report of {counts}>"
    finding = f'error tool-call-continuation-name: the name "f" is there again ({where}#0, event 3)'
    assert str(deltaproof.report) == f"{counts}\\n{finding}"
    (one,) = deltaproof.exchanges
    size = f"{len(one.body):,} bytes in 1 read"
    assert repr(one) == f"<Exchange {where}#0: POST {one.url}, 200, {size}, eof>"
""")
    ran = project.run()
    assert ran.counts == "1 passed", ran.out


def test_what_is_asked_after_the_test_is_an_error_of_its_teardown(project: Project) -> None:
    """By a fixture that cleans up, for instance."""
    project.cassette(answered())
    project.tests("""
@pytest.fixture
def agent(deltaproof):
    yield
    ask(deltaproof.base_url, temperature=1, top_p=1)

def test_it(deltaproof, agent):
    ask(deltaproof.base_url)
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 passed, 1 error")
    assert ran.told == f"{' ERRORS ':=^80}\n{' ERROR at teardown of test_it ':_^80}\n{MISSED}"


STRICT = f"""\
{" FAILURES ":=^80}
{" test_it ":_^80}
recorded and not asked for: cassettes/test_agent/test_it.yaml#1 POST http://127.0.0.1:1/v1/chat/completions
"""


def test_what_is_not_used_fails_under_strict_alone(project: Project) -> None:
    """It is named, the first in the line that stands in pytest's summary."""
    project.cassette(answered(), answered(temperature=1), answered(temperature=2))
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    assert project.run().counts == "1 passed"
    ran = project.run("--deltaproof-strict")
    assert (ran.code, ran.counts, ran.told) == (
        1,
        "1 failed",
        f"{STRICT}  and cassettes/test_agent/test_it.yaml#2 POST http://127.0.0.1:1/v1/chat/completions\n",
    )


def test_a_cassette_that_is_none_is_an_error_with_its_place(project: Project) -> None:
    """Never an empty one."""
    project.write("cassettes/test_agent/test_it.yaml", "interactions:\n- request: [\n")
    project.write("cassettes/test_agent/test_empty.yaml", "interactions: []\nversion: 1\n")
    project.tests("""
def test_it(deltaproof):
    raise AssertionError

def test_empty(deltaproof):
    raise AssertionError
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "2 errors")
    assert ran.told == (
        f"{' ERRORS ':=^80}\n"
        f"{' ERROR at setup of test_it ':_^80}\n"
        "cassettes/test_agent/test_it.yaml:3:1: not valid YAML: while parsing a flow node did not find expected node"
        " content\n"
        f"{' ERROR at setup of test_empty ':_^80}\n"
        "cassettes/test_agent/test_empty.yaml: nothing is recorded there\n"
    )


def test_a_client_that_hangs_does_not_keep_the_test_from_its_end(project: Project) -> None:
    """Nor does a server that was silent until its client gave up: both are let go of."""
    project.cassette(answered(end=End.TIMEOUT))
    project.tests("""
import contextlib, http.client, socket, threading
from urllib.parse import urlsplit

@pytest.fixture(scope="module")
def idle():
    with contextlib.closing(socket.socket()) as idle:
        yield idle

def hang(base_url):
    with contextlib.suppress(http.client.HTTPException, OSError):
        ask(base_url)

def test_it(deltaproof, idle):
    threading.Thread(target=hang, args=[deltaproof.base_url], daemon=True).start()
    idle.connect(("127.0.0.1", urlsplit(deltaproof.base_url).port))
    idle.sendall(b"POST /v1/chat/completions HTTP/1.1\\r\\ncontent-length: 9\\r\\n\\r\\n{")
    for _ in range(100):
        if deltaproof.exchanges:
            break
        threading.Event().wait(0.05)
    assert deltaproof.exchanges[0].end == "timeout"
""")
    ran = project.run("--deltaproof-fail-on", "never")
    assert ran.counts == "1 passed"


def test_a_failure_leads_to_its_test(project: Project) -> None:
    """Its place is what terminals print in a line, and editors and annotations go to; that of others stays."""
    project.cassette(answered(REPEATED))
    project.cassette(answered(REPEATED), name="test_agent/test_own.yaml")
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)

def test_absent(deltaproof):
    ask(deltaproof.base_url)

@pytest.mark.deltaproof(split="bite")
def test_wrong(deltaproof):
    pass

def test_own(deltaproof):
    ask(deltaproof.base_url)
    pytest.fail("its own", pytrace=False)
""")
    path = project.folder / "test_agent.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    ran = project.run("--tb=line")
    places = re.findall(rf"^{re.escape(str(path))}:(\d+): Failed: (.*)$", ran.out, re.MULTILINE)
    assert [(lines[int(number) - 1], why) for number, why in places] == [
        ("def test_it(deltaproof):", "✗ error  tool-call-continuation-name  the same name again"),
        ("def test_absent(deltaproof):", "not recorded: nothing is recorded for POST /chat/completions"),
        ('    pytest.fail("its own", pytrace=False)', "its own"),
    ]
