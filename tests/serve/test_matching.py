"""Which recording answers which request, and what is said where none does."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx2
import pytest

from deltaproof.cassette.difference import compare
from deltaproof.cassette.shelf import Match, Miss, Shelf
from deltaproof.cassette.shelved import below_base
from deltaproof.exchange import Exchange, Head
from tests.serve.rig import SSE, recorded, served

CHAT = "/v1/chat/completions"


def asked(body: str, text: str, **members: object) -> Exchange:
    """Return a recording of a request that is answered with a text."""
    return recorded(
        ("content-type", "application/json"),
        ("content-length", str(len(text))),
        body=text.encode(),
        reads=None,
        **{"request": json.loads(body), "sent": body.encode(), **members},
    )


def answer(shelf: Shelf, body: str, scenario: str = "", path: str = CHAT) -> str:
    """Return the text that answers a request, or why there is none."""
    match shelf.find("POST", path, body.encode(), scenario):
        case Match(exchange=exchange):
            return exchange.body.decode()
        case Miss(why=why):
            return f"no: {why}"


def test_json_is_compared_by_value() -> None:
    """Blanks, the order of members, escapes and 1.0 for 1 make no difference; true for 1 and order in lists do."""
    shelf = Shelf([asked('{"a": [1, {"b": "é", "c": 2.0}], "d": true}', "yes")])
    assert answer(shelf, '{"d":true,"a":[1.0,{"c":2,"b":"\\u00e9"}]}') == "yes"
    assert answer(shelf, '{"a": [1, {"b": "é", "c": 2.0}], "d": 1}') == (
        "no: no recorded request equals this POST /chat/completions; in the closest, cassettes/one.yaml#0, d is true, not 1"
    )
    assert answer(shelf, '{"a": [{"b": "é", "c": 2.0}, 1], "d": true}').endswith(
        'a[0] is 1, not {"b": "é", "c": 2.0}, and 1 more differ'
    )


def test_equal_requests_are_answered_in_order_and_the_last_answer_is_repeated() -> None:
    """A conversation that asks the same again gets the next answer, and the last one from then on."""
    shelf = Shelf([asked('{"a":1}', "one"), asked('{"b":1}', "other"), asked('{"a":1}', "two")])
    assert [answer(shelf, '{"a":1}') for _ in range(4)] == ["one", "two", "two", "two"]
    assert [one.body for one in shelf.unused] == [b"other"]
    assert [(one.body, times) for one, times in shelf.repeated] == [(b"two", 3)]


def test_the_closest_recording_is_the_one_that_differs_least() -> None:
    """It is named with its place, the first difference with both values, and how many more there are."""
    shelf = Shelf(
        [
            asked('{"model":"a","messages":[{"role":"user","content":"one"}],"n":2}', "", source="a.yaml", entry=0),
            asked('{"model":"m","messages":[{"role":"user","content":"two"}]}', "", source="a.yaml", entry=3),
        ]
    )
    assert answer(shelf, '{"model":"m","messages":[{"role":"user","content":"two!"}],"seed":null}') == (
        "no: no recorded request equals this POST /chat/completions; in the closest, a.yaml#3,"
        ' messages[0].content is "two", not "two!", and 1 more differ'
    )
    assert answer(shelf, "no JSON").endswith(
        'the body is {"model": "m", "messages": [{"role": "user", "content": "two"}]}, not "no JSON"'
    )
    assert answer(shelf, "{}", path="/v1/embeddings") == "no: nothing is recorded for POST /embeddings"
    assert answer(shelf, "{}", scenario="nowhere") == "no: there is no scenario 'nowhere'"
    assert shelf.missed[1:] == (
        (
            (
                "no recorded request equals this POST /chat/completions; in the closest, a.yaml#3, the body is"
                ' {"model": "m", "messages": [{"role": "user", "content": "two"}]}, not "no JSON"'
            ),
            1,
        ),
        ("nothing is recorded for POST /embeddings", 1),
        ("there is no scenario 'nowhere'", 1),
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("[1, 2]", "[1]", ["[1] is 2, not absent"]),
        ("null", "{}", ["the body is null, not {}"]),
        ('{"a b": null}', "{}", ['["a b"] is null, not absent']),
        ('{"a": 1}', '{"a": true}', ["a is 1, not true"]),
        ('{"key": "SCRUBBED"}', '{"key": "sk-1"}', []),
        ('{"key": "SCRUBBED"}', "{}", ['key is "SCRUBBED", not absent']),
        ('{"a": "' + "x" * 99 + '"}', '{"a": ""}', [f'a is "{"x" * 78}…, not ""']),
    ],
)
def test_differences_are_told_in_words(one: str, other: str, expected: list[str]) -> None:
    """A path, the recorded value and the other; what was scrubbed equals any value."""
    assert [str(difference) for difference in compare(json.loads(one), json.loads(other))] == expected


def test_a_request_with_a_scrubbed_secret_is_found() -> None:
    """Where a token was scrubbed from a body, any token is equal to it."""
    shelf = Shelf([asked('{"a":1,"token":"SCRUBBED"}', "yes")])
    assert answer(shelf, '{"a":1,"token":"secret"}') == "yes"
    assert answer(shelf, '{"a":2,"token":"secret"}').startswith("no: ")


def test_values_nested_too_deeply_to_compare_are_compared_as_bytes() -> None:
    """Depth is no error: equal bytes are found, others are not."""
    deep = "[" * 900 + "]" * 900
    shelf = Shelf([recorded(SSE, request={}, sent=deep.encode())])
    assert isinstance(shelf.find("POST", CHAT, deep.encode()), Match)
    assert isinstance(shelf.find("POST", CHAT, ("[" * 901 + "]" * 901).encode()), Miss)


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/v1/chat/completions", "/chat/completions"),
        ("/chat/completions/", "/chat/completions"),
        ("/openai/deployments/gpt/chat/completions", "/chat/completions"),
        ("/v1beta/openai/chat/completions", "/chat/completions"),
        ("/api/v1/models", "/models"),
        ("/v1/models/org/name-v2/x", "/models/org/name-v2/x"),
        ("/health", "/health"),
        ("/v1", "/"),
    ],
)
def test_what_counts_of_a_path_is_below_the_base(path: str, below: str) -> None:
    """Servers and gateways have different bases; clients of a replay have its own."""
    assert below_base(path) == below


def test_recordings_without_a_request_answer_any_chat_in_order() -> None:
    """Raw streams have no request to compare; they are given one after the other, the last one again."""
    shelf = Shelf([Exchange(source=f"{name}.sse", body=name.encode()) for name in ("a", "b")])
    assert [answer(shelf, '{"stream":true}') for _ in range(3)] == ["a", "b", "b"]
    assert answer(shelf, "{}", path="/v1/embeddings") == "no: nothing is recorded for POST /embeddings"


def test_a_scenario_answers_only_with_its_own_and_in_order_whatever_is_asked() -> None:
    """An equal request is answered by its recording; any other by the next, one that streams if it is to stream."""
    plain = ("content-type", "application/json")
    shelf = Shelf(
        [
            asked('{"a":1}', "plain", scenario="two", head=Head(200, (plain,))),
            asked('{"stream":true,"a":1}', "one", scenario="two"),
            asked('{"stream":true,"a":2}', "two", scenario="two"),
            asked('{"stream":true,"a":3}', "three", source="server/other.yaml"),
        ]
    )
    assert answer(shelf, '{"stream":true,"a":2}', "two") == "two"
    assert answer(shelf, '{"stream":true,"a":3}', "two") == "one"
    assert answer(shelf, '{"stream":true}', "two") == "two"
    assert answer(shelf, '{"stream":false}', "two") == "plain"
    assert answer(shelf, "{}", "server/other") == "three"
    assert answer(shelf, "{}").startswith("no: ")
    assert shelf.scenarios == ("one", "other", "two")


def test_a_folder_is_part_of_a_scenarios_name_only_where_files_have_the_same() -> None:
    """`/scenario/llamacpp/two/v1` picks one of two files `two.yaml`; both have the name `two`."""
    shelf = Shelf([asked("{}", name, source=f"cassettes/{name}/two.yaml") for name in ("llamacpp", "vllm")])
    assert shelf.scenarios == ("llamacpp/two", "two", "vllm/two")
    assert shelf.scenario_in("vllm/two/v1/models") == ("vllm/two", "/v1/models")
    assert shelf.scenario_in("two/v1/models") == ("two", "/v1/models")
    assert shelf.scenario_in("two") == ("two", "/")
    assert [answer(shelf, "{}", name) for name in ("vllm/two", "llamacpp/two")] == ["vllm", "llamacpp"]


def test_models_are_those_of_the_recordings() -> None:
    """Listed are the models that were asked for; each can be asked for, also by scenario; no other."""
    with served(
        asked('{"model":"org/a"}', "", scenario="one"),
        asked('{"model":"b"}', ""),
        Exchange(source="c.sse", body=b'data: {"model":"c"}'),
    ) as server:
        told = [{"id": name, "object": "model", "created": 0, "owned_by": "deltaproof"} for name in ("org/a", "b", "c")]
        assert httpx2.get(f"{server.base_url}/models").json() == {"object": "list", "data": told}
        assert httpx2.get(f"{server.scenario_url('c')}/models").json()["data"] == told[2:]
        assert httpx2.get(f"{server.base_url}/models/org/a").json() == told[0]
        assert httpx2.get(f"{server.base_url}/models/d").status_code == 404


def test_recorded_models_are_served_as_recorded() -> None:
    """A recording of that path is preferred to a list made of the others."""
    models = replace(asked("{}", "[]"), method="GET", url="https://h/api/v1/models", request=None, sent=b"")
    with served(models, asked('{"model":"b"}', "")) as server:
        assert httpx2.get(f"{server.base_url}/models").text == "[]"


def test_what_is_not_recorded_is_a_404_that_says_what_is() -> None:
    """Clients show the message; programs read the members beside it."""
    with served(asked('{"model":"m","n":1}', "", scenario="two-calls")) as server:
        response = httpx2.post(f"{server.base_url}/chat/completions?api-version=1", json={"model": "m", "n": 2})
    assert response.status_code == 404
    assert response.json() == {
        "error": {
            "message": "no recorded request equals this POST /chat/completions; in the closest, cassettes/one.yaml#0,"
            " n is 1, not 2. Recorded are POST /chat/completions; scenarios, at /scenario/NAME/v1: one, two-calls",
            "type": "deltaproof_error",
            "param": None,
            "code": None,
            "closest": {"source": "cassettes/one.yaml", "entry": 0},
            "differences": [{"path": "n", "recorded": "1", "asked": "2"}],
            "recorded": ["POST /chat/completions"],
            "scenarios": ["one", "two-calls"],
        }
    }


def test_where_there_are_no_recordings_that_is_said() -> None:
    """A test of pytest that has no cassette yet is served so."""
    with served() as server:
        response = httpx2.post(f"{server.base_url}/chat/completions", json={"model": "m"})
    told = "nothing is recorded for POST /chat/completions. There are no recordings"
    assert (response.status_code, response.json()["error"]["message"]) == (404, told)


def test_a_recording_that_is_no_object_is_far_from_one_that_is() -> None:
    """Although it differs in a single place, which is all of it."""
    broken = asked("{}", "", source="broken.yaml", request=None, sent=b"{")
    shelf = Shelf([broken, asked('{"model":"m","n":1,"seed":1}', "", source="near.yaml")])
    told = answer(shelf, '{"model":"m","n":2,"seed":2}')
    assert told.endswith("in the closest, near.yaml#0, n is 1, not 2, and 1 more differ")
