"""Facts about the mark: what each of its keywords does, and how a wrong one is told."""

from __future__ import annotations

import pytest

from tests.cli.command import CLEAN
from tests.plugin.project import Project, answered
from tests.plugin.test_fixture import MISSED


def test_a_cassette_can_be_named_and_shared(project: Project) -> None:
    """By its path from the folder of the module's, by an absolute one, or by the folder that it is in."""
    shared = project.cassette(answered(), name="shared.yaml")
    project.cassette(answered(temperature=1), name="test_agent/more/one.yaml")
    project.tests(f"""
@pytest.mark.deltaproof(cassette="../shared.yaml")
class TestAgent:
    def test_of_its_class(self, deltaproof):
        ask(deltaproof.base_url)

    @pytest.mark.deltaproof(cassette={str(shared)!r}, profile="empower")
    def test_absolute(self, deltaproof):
        ask(deltaproof.base_url)
        assert deltaproof.report.profile == "empower"

    @pytest.mark.deltaproof(cassette="more")
    def test_a_folder(self, deltaproof):
        ask(deltaproof.base_url, temperature=1)
        assert deltaproof.stream.exchange.source == "cassettes/test_agent/more/one.yaml"
""")
    assert project.run().counts == "3 passed"


def test_a_cassette_beside_the_folder_of_a_module_needs_no_such_folder(project: Project) -> None:
    """What `..` leads out of need not be there."""
    project.cassette(answered(), name="shared.yaml")
    project.tests("""
@pytest.mark.deltaproof(cassette="../shared.yaml")
def test_it(deltaproof):
    ask(deltaproof.base_url)
    assert [one.source for one in deltaproof.exchanges] == ["cassettes/shared.yaml"]
""")
    assert project.run().counts == "1 passed"
    assert not (project.folder / "cassettes" / "test_agent").exists()


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (
            "'x.yaml'",
            (
                "the mark deltaproof takes keywords only. Write cassette='x.yaml', or what it was to be: cassette,"
                " upstream, profile, provider, fail_on, faults, timing, split"
            ),
        ),
        (
            "casette='x'",
            (
                "the mark deltaproof has no keyword 'casette'. It has cassette, upstream, profile, provider,"
                " fail_on, faults, timing, split"
            ),
        ),
        ("cassette=1", "the mark deltaproof has cassette=1. It takes a path, as text or pathlib's"),
        ("upstream=1", "the mark deltaproof has upstream=1. It takes a text"),
        ("fail_on='fatal'", "the mark deltaproof has fail_on='fatal'. It takes one of error, warning, note, never"),
        (
            "faults='cut'",
            "the mark deltaproof has faults='cut'. It takes a list of names, which `deltaproof faults` lists",
        ),
        (
            "upstream='127.0.0.1:1'",
            "upstream of the mark deltaproof: 127.0.0.1:1: this is no URL of an endpoint. Write http://127.0.0.1:1",
        ),
        (
            "upstream='http://127.0.0.1:1/v1?key=1'",
            (
                "upstream of the mark deltaproof: a URL with the parameter 'key' in it ends up in reports. Name the"
                " variable that holds the key: --deltaproof-api-key-env NAME"
            ),
        ),
        (
            "timing='slow'",
            (
                'the mark deltaproof has timing=\'slow\'. It takes "recorded", "none", or how many times as fast'
                " as recorded"
            ),
        ),
        (
            "timing=-1",
            'the mark deltaproof has timing=-1. It takes "recorded", "none", or how many times as fast as recorded',
        ),
        (
            "split=0",
            (
                "the mark deltaproof has split=0. It takes one of recorded, event, byte, whole, inside-utf8, or how"
                " many bytes a piece has"
            ),
        ),
        ("profile='mild'", "there is no profile 'mild'. Known: de-facto, empower, lenient, openai-strict"),
        (
            "provider='me'",
            (
                "there is no provider 'me'. Known: alibaba-dashscope, azure, deepseek, fireworks,"
                " gemini-openai-compat, groq, mistral, ollama, openai, openrouter, sglang, vllm, volcengine-ark, xai"
            ),
        ),
        (
            "faults=['cut']",
            (
                "there is no fault 'cut'. Did you mean cut-clean or cut-reset or cut-before-done or cut-mid-event or"
                " cut-mid-utf8?"
            ),
        ),
        *(
            (
                f"faults=['done-missing', '{word}']",
                (
                    f"the mark deltaproof has '{word}' for one fault. Name each, since the mark applies all at once; for"
                    f' one after the other, parametrize("deltaproof", faults("{word}"), indirect=True)'
                ),
            )
            for word in ("name-repeated,id-repeated", "name-*", "all")
        ),
    ],
)
def test_a_mark_that_says_what_cannot_be_is_an_error_of_its_test(mark: str, why: str, project: Project) -> None:
    """Which is named, with what there is."""
    project.cassette(answered())
    project.tests(f"""
@pytest.mark.deltaproof({mark})
def test_it(deltaproof):
    raise AssertionError
""")
    ran = project.run()
    assert (ran.code, ran.counts) == (1, "1 error")
    assert ran.told == (f"{' ERRORS ':=^80}\n{' ERROR at setup of test_it ':_^80}\ntest_agent.py::test_it: {why}\n")


@pytest.mark.parametrize(
    ("mark", "pieces"),
    [("", 1), ("split='event'", 5), ("split=100", 8), ("timing=0", 1), ("timing='recorded', split='event'", 5)],
)
def test_a_stream_comes_in_the_pieces_and_the_time_that_are_asked_for(mark: str, pieces: int, project: Project) -> None:
    """Seen by a client that reads the chunks of HTTP."""
    project.cassette(answered(CLEAN))
    project.tests(f"""
import http.client, json
from agent import REQUEST
from urllib.parse import urlsplit

@pytest.mark.deltaproof({mark})
def test_it(deltaproof):
    connection = http.client.HTTPConnection(urlsplit(deltaproof.base_url).netloc)
    connection.request("POST", "/v1/chat/completions", json.dumps(REQUEST), {{"content-type": "application/json"}})
    response = connection.getresponse()
    sizes = []
    while size := int(response.fp.readline(), 16):
        response.fp.read(size + 2)
        sizes.append(size)
    connection.close()
    assert len(sizes) == {pieces}, sizes
""")
    assert project.run().counts == "1 passed"


def test_with_faults_the_agent_is_what_is_tested(project: Project) -> None:
    """What is broken on purpose fails no test and need not be used up; a request that is not recorded still does."""
    project.cassette(answered(), answered(temperature=1))
    project.tests("""
@pytest.mark.deltaproof(faults=["name-repeated", "done-missing"])
def test_it(deltaproof):
    assert "[DONE]" not in ask(deltaproof.base_url)
    assert {one.rule for one in deltaproof.report.findings} == {
        "tool-call-continuation-name", "done-sentinel"
    }, deltaproof.report.findings

@pytest.mark.deltaproof(cassette="test_it.yaml", faults=["name-repeated"])
def test_missed(deltaproof):
    ask(deltaproof.base_url, temperature=1, top_p=1)

@pytest.mark.deltaproof(cassette="test_it.yaml", faults=["usage-twice"])
def test_inapplicable(deltaproof):
    raise AssertionError
""")
    ran = project.run("--deltaproof-strict", "-rs")
    assert (ran.code, ran.counts) == (1, "1 failed, 1 passed, 1 skipped")
    missed = MISSED.replace(
        "_it.yaml#0, temperature is absent, not 1, and 1 more differ", "_it.yaml#1, top_p is absent, not 1"
    )
    assert ran.told == f"{' FAILURES ':=^80}\n{' test_missed ':_^80}\n{missed}"
