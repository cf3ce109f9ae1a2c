"""Facts about the committed cassettes: what they are from, what they show, and what must not be in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from deltaproof.cassette import read_path
from deltaproof.catalog import load_scenarios
from deltaproof.checking import Judged
from deltaproof.exchange import Exchange
from deltaproof.suite.checks import stream_checks
from deltaproof.verdict import Verdict, judge
from tools.cassettes import CASSETTES, COUNTS, PAGE, Cassette, counts_text, judged_cassettes, page_of
from tools.servers import scripted
from tools.servers.vllm import CRASH

FILES = [str(path.relative_to(CASSETTES)) for path in sorted(CASSETTES.glob("*/*.yaml"))]
SERVERS = {"aimock", "empower", "litellm", "llama-cpp-python", "llama.cpp", "transformers", "vllm"}

LEAKS = {
    "a path of the machine": re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|opt|usr|var|Users|private)/"),
    "a key": re.compile(r"\b(?:sk|pk|hf|gsk)[-_][A-Za-z0-9]{8,}|\bBearer\s+\S"),
    "another host": re.compile(r"uri: (?!http://127\.0\.0\.1:\d+/v1/)"),
    "a secret's header": re.compile(
        r"^ +(?:authorization|cookie|set-cookie|x-api-key|api-key):", re.IGNORECASE | re.MULTILINE
    ),
}


@cache
def cassettes() -> dict[str, Cassette]:
    """Return the committed cassettes by folder and name, judged."""
    return {f"{cassette.folder}/{cassette.name}": cassette for cassette in judged_cassettes()}


def only(name: str) -> Exchange:
    """Return the one exchange of a cassette."""
    [(exchange, _)] = cassettes()[name].judged
    return exchange


def interactions(file: str) -> list[Mapping[str, Mapping[str, Mapping[str, object]]]]:
    """Return the interactions of a cassette as any reader of YAML has them."""
    document = yaml.load((CASSETTES / file).read_bytes(), Loader=yaml.CSafeLoader)
    assert set(document) == {"interactions", "version"}
    listed: list[Mapping[str, Mapping[str, Mapping[str, object]]]] = document["interactions"]
    return listed


def test_the_page_tells_what_the_cassettes_show() -> None:
    """`cassettes/README.md` is what `make docs` would write."""
    assert PAGE.read_text(encoding="utf-8") == page_of(tuple(cassettes().values()))


def test_every_cassette_deviates_as_it_did() -> None:
    """Judging them gives the committed counts: a change in them is a change of a rule, to be looked at."""
    assert COUNTS.read_text(encoding="utf-8") == counts_text(tuple(cassettes().values()))


def test_every_server_is_there() -> None:
    """None was lost in recording anew; of llama.cpp there is every scenario."""
    folders = {cassette.folder for cassette in cassettes().values()}
    assert folders == SERVERS
    assert [name for name in load_scenarios() if f"llama.cpp/{name}" not in cassettes()] == []


@pytest.mark.parametrize("file", FILES)
def test_a_cassette_is_what_the_schema_describes(file: str) -> None:
    """`specs/schemas/cassette.json` holds for `response.stream` of every interaction."""
    schema = json.loads((CASSETTES.parent / "specs/schemas/cassette.json").read_text(encoding="utf-8"))
    for interaction in interactions(file):
        Draft202012Validator(schema).validate(interaction["response"]["stream"])


@pytest.mark.parametrize("file", FILES)
def test_a_cassette_says_where_it_is_from(file: str) -> None:
    """Every interaction names server, version, date, model, scenario and deltaproof's version; its file is the scenario."""
    for interaction in interactions(file):
        provenance = interaction["response"]["stream"]["provenance"]
        assert isinstance(provenance, dict)
        assert {"server", "version", "date", "model", "scenario", "deltaproof"} <= provenance.keys()
        assert provenance["scenario"] == Path(file).stem
        assert provenance["scenario"] in {*load_scenarios(), CRASH}
        assert re.match(r"2\d{3}-\d\d-\d\d", provenance["date"])


@pytest.mark.parametrize("file", FILES)
def test_nothing_private_is_in_a_cassette(file: str) -> None:
    """No path of the machine it was recorded on, no key, no header that holds one, no host but the loopback."""
    text = (CASSETTES / file).read_text(encoding="utf-8")
    assert {what: found[0] for what, pattern in LEAKS.items() if (found := pattern.search(text))} == {}


def test_what_would_be_private_is_noticed() -> None:
    """Each pattern finds what it is for."""
    private = {
        "a path of the machine": '"model":"/home/ada/models/tiny.gguf"',
        "a key": "sk-abcdefghijklmnop",
        "another host": "    uri: https://api.example.com/v1/chat/completions",
        "a secret's header": "      Authorization:\n",
    }
    assert [what for what, text in private.items() if not LEAKS[what].search(text)] == []
    assert private.keys() == LEAKS.keys()


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("llama-cpp-python/tool-choice-named", "tool-call-continuation-name repeated"),
        ("llama-cpp-python/tool-choice-named", "tool-call-continuation-id repeated"),
        ("llama-cpp-python/tool-choice-required", "request-n-choices no-choices"),
        ("vllm/tool-choice-named", "arguments-complete-object not-an-object"),
        ("transformers/two-calls-one-tool", "done-sentinel missing"),
        ("transformers/values-closing-tag", "sse-data-json truncated"),
        ("litellm/n-2", "finish-once missing"),
        ("litellm/n-2", "delta-role-first missing"),
    ],
)
def test_a_real_fault_is_found_by_its_rule(name: str, case: str) -> None:
    """What real servers do wrong, each told in one word."""
    assert case in cassettes()[name].cases()


def test_an_empty_200_has_nothing_in_it() -> None:
    """llama-cpp-python answers a demanded call with status 200 and no byte."""
    exchange = only("llama-cpp-python/tool-choice-required")
    assert exchange.head
    assert (exchange.head.status, exchange.body, exchange.reads) == (200, b"", ())


def test_a_crash_is_told_in_mid_stream() -> None:
    """An engine was killed: status 200, some text, an error event, `[DONE]`; the rules allow it, the suite does not."""
    exchange = only(f"vllm/{CRASH}")
    assert exchange.head
    assert exchange.head.status == 200
    judgement = judge(exchange)
    assert judgement.message.choices[0].content
    assert judgement.message.choices[0].finish_reason is None
    assert judgement.verdicts["error-event"] is Verdict.CONFORMS
    assert exchange.body.endswith(b"data: [DONE]\n\n")
    [*_, last] = stream_checks(Judged(exchange, judgement))
    assert last.message == "the server reported a failure in mid-stream"


def test_a_gateway_leaves_a_choice_unfinished_that_its_server_finished() -> None:
    """LiteLLM's n = 2 ends one choice of two; llama.cpp alone ends both."""
    reasons = {
        name: [choice.finish_reason for choice in judge(only(name)).message.choices]
        for name in ("litellm/n-2", "llama.cpp/n-2")
    }
    assert reasons["llama.cpp/n-2"] == ["tool_calls", "tool_calls"]
    assert sorted(reasons["litellm/n-2"], key=str) == [None, "tool_calls"]


@pytest.mark.parametrize("profile", ["empower", "openai-strict", "de-facto", "lenient"])
def test_empowers_promise_is_kept(profile: str) -> None:
    """Two calls, each name whole in one chunk, then the arguments in small pieces: no profile finds anything."""
    judgement = judge(only("empower/empower-weather"), profile=profile)
    assert judgement.findings == ()
    [choice] = judgement.message.choices
    assert [(call.name, call.arguments) for call in choice.tool_calls] == [
        ("get_current_weather", f'{{\n  "location": "{place}, CA",\n  "unit": "celsius"\n  }}')
        for place in ("San Francisco", "Los Angeles")
    ]


def test_empowers_example_can_be_recorded_anew(tmp_path: Path) -> None:
    """The script's server, started and recorded, says what the committed cassette has, but for the time."""
    scripted.record_all(tmp_path)
    [anew] = read_path(tmp_path)
    assert isinstance(anew, Exchange)
    bodies = [re.sub(rb'"created":\d+', b"", one.body) for one in (anew, only("empower/empower-weather"))]
    assert bodies[0] == bodies[1]
    assert anew.provenance["server"] == "scripted server"
