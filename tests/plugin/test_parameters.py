"""Facts about faults and accumulators' cases as parameters: which there are, what is served, what is told."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from deltaproof.cassette import read_path
from deltaproof.errors import UnknownNameError, UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.faults import named
from deltaproof.plugin.parameters import Faulty, without_parameter
from deltaproof.testing import accumulator_cases, faults

CASSETTES = Path(__file__).parents[2] / "cassettes" / "aimock"

RECORD_FIRST = "Record first: pytest --deltaproof-record once --deltaproof-upstream URL FILE, with a file of tests that use deltaproof"

CLIENT = '''
import json
import urllib.request

REQUEST = json.dumps({request})
NAMES = ["get_current_weather", "get_local_time"]

def ask(base_url, request=REQUEST):
    """Ask for a stream, and return the names of the calls that it opens."""
    url = base_url + "/chat/completions"
    asked = urllib.request.Request(url, request.encode(), {{"content-type": "application/json"}})
    with urllib.request.urlopen(asked) as response:
        lines = response.read().decode().splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {{")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return [call["function"]["name"] for delta in deltas for call in delta.get("tool_calls", ()) if call.get("id")]
'''


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with one cassette for a test module, and a client that asks as it was recorded."""
    (exchange,) = (one for one in read_path(CASSETTES / "two-calls-two-tools.yaml") if isinstance(one, Exchange))
    pytester.makepyfile(client=CLIENT.format(request=repr(exchange.request)))
    folder = pytester.path / "cassettes" / "test_agent"
    folder.mkdir(parents=True)
    shutil.copy(CASSETTES / "two-calls-two-tools.yaml", folder / "test_calls.yaml")
    return pytester


def ran(pytester: pytest.Pytester, *options: str) -> list[str]:
    """Run pytest in a process of its own; return what it prints between its first line and the time it took."""
    plugins = ("-p", "no:cacheprovider", "-p", "no:recording", "-p", "no:vcr", "-p", "no:asyncio")
    result = pytester.runpytest_subprocess(*plugins, "-q", *options)
    return [re.sub(r" in [0-9.]+s", "", line).strip("=") for line in result.outlines]


def ids(parameters: list[object]) -> list[str | None]:
    """Return the ids of parameters."""
    return [getattr(one, "id", None) for one in parameters]


def test_faults_are_named_by_patterns_and_come_once() -> None:
    """In the order in which they are named, those of a pattern in the order of `deltaproof faults`."""
    wanted = ["name-null", "name-split", "name-late", "name-missing", "name-repeated", "name-empty"]
    parameters = faults("name-null", "name-*")
    assert ids([*parameters]) == wanted
    assert [one.values for one in parameters] == [(Faulty((named(name),)),) for name in wanted]


def test_faults_may_be_in_a_list() -> None:
    """As those of `accumulator_cases` are."""
    listed = faults(["name-null", "cut-*"], "name-late")
    assert ids([*listed]) == ids([*faults("name-null", "cut-*", "name-late")])


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("name-nul", "there is no fault 'name-nul'. Did you mean name-null?"),
        ("nome-*", "no fault is called 'nome-*'. `deltaproof faults` lists them"),
    ],
)
def test_an_unknown_fault_is_a_mistake(pattern: str, why: str) -> None:
    """The error says which names are like it."""
    with pytest.raises(UnknownNameError) as caught:
        faults("name-null", pattern)
    assert str(caught.value) == why
    with pytest.raises(UnknownNameError) as caught:
        accumulator_cases(CASSETTES, faults=[pattern])
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("test_a[name-null]", "test_a"),
        ("test_a[paris-name-null]", "test_a[paris]"),
        ("test_a[name-null-paris]", "test_a[paris]"),
        ("test_a[a-name-null-b]", "test_a[a-b]"),
        ("test_a[other]", "test_a[other]"),
        ("test_a", "test_a"),
    ],
)
def test_a_cassettes_name_has_no_fault_in_it(name: str, without: str) -> None:
    """What a test serves is not what its cassette is called by; its other parameters stay."""
    assert without_parameter(name, Faulty((named("name-null"),))) == without


def test_the_client_gets_each_fault_and_those_that_do_not_apply_are_skipped(suite: pytest.Pytester) -> None:
    """One cassette serves all parameters; findings, of which there are plenty, fail no test."""
    suite.makepyfile(
        test_agent="""
        import pytest
        from client import NAMES, ask
        from deltaproof.testing import faults

        @pytest.mark.parametrize("deltaproof", faults("name-null", "name-missing", "custom-missing"), indirect=True)
        def test_calls(deltaproof):
            assert deltaproof.case is None
            if ask(deltaproof.base_url) != NAMES:
                pytest.fail("a name is lost")
        """
    )
    assert ran(suite, "-rfs", "--tb=no") == [
        ".Fs                                                                      [100%]",
        " short test summary info ",
        "FAILED test_agent.py::test_calls[name-missing] - Failed: a name is lost",
        "SKIPPED [1] test_agent.py:5: custom-missing does not apply: there is no call of a custom tool",
        "1 failed, 1 passed, 1 skipped",
    ]


def test_a_fault_of_times_alone_needs_times(suite: pytest.Pytester) -> None:
    """What is served as fast as the client reads stalls nowhere, and that is said; in time, and faster, it does."""
    suite.makepyfile(
        test_agent="""
        import time
        import pytest
        from client import NAMES, ask
        from deltaproof.testing import faults

        @pytest.mark.deltaproof(cassette="test_calls.yaml")
        @pytest.mark.parametrize("deltaproof", faults("stall"), indirect=True)
        def test_at_once(deltaproof):
            raise AssertionError

        @pytest.mark.deltaproof(cassette="test_calls.yaml", timing=60)
        @pytest.mark.parametrize("deltaproof", faults("stall"), indirect=True)
        def test_in_time(deltaproof):
            started = time.monotonic()
            assert ask(deltaproof.base_url) == NAMES
            assert time.monotonic() - started > 0.4
        """
    )
    assert ran(suite, "-rs") == [
        "s.                                                                       [100%]",
        " short test summary info ",
        "SKIPPED [1] test_agent.py:6: stall does not apply: it changes times alone, and all is served at once",
        "1 passed, 1 skipped",
    ]


def test_a_request_that_is_not_recorded_fails_also_with_a_fault(suite: pytest.Pytester) -> None:
    """A client that a fault leads astray is noticed, even where it swallows the answer."""
    suite.makepyfile(
        test_agent="""
        import contextlib
        import json
        import urllib.error
        import pytest
        from client import REQUEST, ask
        from deltaproof.testing import faults

        @pytest.mark.parametrize("deltaproof", faults("name-null"), indirect=True)
        def test_calls(deltaproof):
            ask(deltaproof.base_url)
            with contextlib.suppress(urllib.error.HTTPError):
                ask(deltaproof.base_url, json.dumps({**json.loads(REQUEST), "temperature": 1}))
        """
    )
    told = ran(suite)
    place = Path("cassettes") / "test_agent" / "test_calls.yaml"
    why = (
        f"not recorded: no recorded request equals this POST /chat/completions; in the closest, {place}#0, temperature"
    )
    assert f"FAILED test_agent.py::test_calls[name-null] - Failed: {why} is absent, not 1" in told


def test_cases_are_found_beside_the_file_that_asks(suite: pytest.Pytester) -> None:
    """Wherever pytest is started: a stream a case, and one more for each fault that applies to it."""
    shutil.copy(CASSETTES / "history.yaml", suite.path / "cassettes" / "history.yaml")
    suite.makepyfile(
        test_fold="""
        import pytest
        from deltaproof.testing import accumulator_cases

        @pytest.mark.parametrize("case", accumulator_cases("cassettes", faults=["name-null", "custom-missing"]))
        def test_fold(case):
            assert case.chunks()
        """
    )
    (suite.path / "elsewhere").mkdir()
    os.chdir(suite.path / "elsewhere")
    place = ("--rootdir", str(suite.path), str(suite.path / "test_fold.py"))
    assert ran(suite, "--collect-only", *place) == [
        "test_fold.py::test_fold[history-0]",
        "test_fold.py::test_fold[history-1]",
        "test_fold.py::test_fold[test_agent/test_calls]",
        "test_fold.py::test_fold[history-0+name-null]",
        "test_fold.py::test_fold[test_agent/test_calls+name-null]",
        "test_fold.py::test_fold[custom-missing]",
        "",
        "6 tests collected",
    ]
    assert ran(suite, "-rs", *place) == [
        ".....s                                                                   [100%]",
        " short test summary info ",
        "SKIPPED [1] ../test_fold.py:4: custom-missing applies to none of 3 streams",
        "5 passed, 1 skipped",
    ]


def test_a_case_is_served_where_it_is_a_parameter_of_the_fixture(suite: pytest.Pytester) -> None:
    """It answers whatever is asked, needs no cassette of the test, and is the fixture's `case`."""
    suite.makepyfile(
        test_other="""
        import pytest
        from client import NAMES, ask
        from deltaproof.testing import accumulator_cases

        CASES = accumulator_cases("cassettes", faults="name-null")

        @pytest.mark.parametrize("deltaproof", CASES, indirect=True)
        def test_client(deltaproof):
            assert ask(deltaproof.base_url, "{}") == NAMES
            deltaproof.case.assert_folded({
                "tool_calls": [
                    {"name": call.name, "arguments": call.arguments} for call in deltaproof.stream.tool_calls
                ],
            })
        """
    )
    assert ran(suite)[-1] == "2 passed"


def test_a_name_in_place_of_a_fault_is_told_what_to_write(suite: pytest.Pytester) -> None:
    """In a sentence, without a line of ours."""
    suite.makepyfile(
        test_agent="""
        import pytest

        @pytest.mark.parametrize("deltaproof", ["name-repeated", 3], indirect=True)
        def test_calls(deltaproof):
            raise AssertionError
        """
    )
    told = 'is no parameter of the fixture deltaproof. Use faults("name-repeated") of deltaproof.testing'
    assert [line for line in ran(suite) if told in line and not line.startswith("ERROR")] == [
        f"test_agent.py::test_calls[name-repeated]: 'name-repeated' {told}",
        f"test_agent.py::test_calls[3]: 3 {told}",
    ]


def test_a_parameter_does_not_take_the_place_of_the_mark_s_faults(suite: pytest.Pytester) -> None:
    """Both are told of, since one would be dropped."""
    suite.makepyfile(
        test_agent="""
        import pytest
        from deltaproof.testing import faults

        @pytest.mark.deltaproof(faults=["done-missing"])
        @pytest.mark.parametrize("deltaproof", faults("name-null"), indirect=True)
        def test_calls(deltaproof):
            raise AssertionError
        """
    )
    lines = ran(suite)
    what = "the mark deltaproof has faults, and the fixture deltaproof a parameter, which takes their place"
    assert f"test_agent.py::test_calls[name-null]: {what}. Leave out one of them" in lines
    assert lines[-1] == "1 error"


@pytest.mark.parametrize(
    "parametrized",
    [
        '"deltaproof", faults("name-null")',
        'argnames="n, deltaproof", argvalues=[(1, faults("name-null")[0].values[0])], indirect=["n"]',
        '"deltaproof", accumulator_cases("cassettes")',
    ],
    ids=["faults", "two", "cases"],
)
def test_without_indirect_nothing_is_collected(suite: pytest.Pytester, parametrized: str) -> None:
    """What the fixture takes is not what a test can use in its place."""
    suite.makepyfile(
        test_agent=f"""
        import pytest
        from deltaproof.testing import accumulator_cases, faults

        @pytest.fixture
        def n(request):
            return request.param

        @pytest.mark.parametrize({parametrized})
        def test_calls({"n, " if "n, " in parametrized else ""}deltaproof):
            raise AssertionError
        """
    )
    told = 'parametrize("deltaproof", …) gets what the fixture deltaproof takes. Add indirect=True to it'
    lines = ran(suite)
    assert f"test_agent.py::test_calls: {told}" in lines
    assert lines[-1] == "1 error"


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ('accumulator_cases("broken.yaml")', "broken.yaml:2:1: not valid YAML: while parsing a flow node"),
        ('faults("name-nul")', "there is no fault 'name-nul'. Did you mean name-null?"),
    ],
    ids=["unreadable", "unknown"],
)
def test_a_mistake_in_a_list_shows_the_line_of_the_test_alone(suite: pytest.Pytester, made: str, why: str) -> None:
    """As an error of the module's collection."""
    (suite.path / "broken.yaml").write_text("{", encoding="utf-8")
    suite.makepyfile(
        test_agent=f"""
        import pytest
        from deltaproof.testing import accumulator_cases, faults

        @pytest.mark.parametrize("deltaproof", {made}, indirect=True)
        def test_calls(deltaproof):
            raise AssertionError
        """
    )
    lines = ran(suite, "--tb=short")
    places = [line for line in lines if re.match(r"\S+\.py:\d+: in ", line)]
    assert places == ["test_agent.py:4: in <module>"]
    assert any(line.startswith("E   deltaproof.errors.") and why in line for line in lines)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            "interactions: []\nversion: 1\n",
            f"cassette.yaml: there is no streamed chat completion in it. {RECORD_FIRST}",
        ),
        (None, f"cassette.yaml: nothing is recorded there. {RECORD_FIRST}"),
        ("{", "{path}:2:1: not valid YAML: while parsing a flow node did not find expected node content"),
    ],
    ids=["empty", "missing", "unreadable"],
)
def test_no_stream_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, why: str) -> None:
    """An empty list of parameters would be skipped in silence."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cassette.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableError) as caught:
        accumulator_cases([path], faults="name-null")
    assert str(caught.value) == why.format(path=path)
