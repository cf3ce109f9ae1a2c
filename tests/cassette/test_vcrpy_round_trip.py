"""Facts about cassettes that vcrpy's own serializer writes: we read from them what went in, byte for byte."""

from __future__ import annotations

import io
import json

import vcr.request
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from deltaproof.cassette import read_bytes
from deltaproof.cassette.recording import DocumentEnd, Part
from deltaproof.cassette.yaml_values import parts
from deltaproof.exchange import Exchange, Head
from tests.cassette.sessions import REQUEST, URL

HEADER_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
HEADERS = st.dictionaries(HEADER_TEXT.filter(bool), st.lists(HEADER_TEXT, min_size=1, max_size=3), max_size=4)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode(errors="replace")),
    st.lists(
        st.sampled_from([b"data: {}", b"\n", b"\r", b"\r\n", b" ", b":", "\u2028\x85\ufeff…".encode(), b"\x00", b"- #"])
    ).map(b"".join),
)


def written(body: bytes, headers: dict[str, list[str]]) -> Exchange:
    """Return the exchange that is to come back."""
    pairs = tuple((name, value) for name, values in headers.items() for value in values)
    sent = json.dumps(REQUEST).encode()
    return Exchange(source="-", body=body, request=REQUEST, sent=sent, head=Head(200, pairs), method="POST", url=URL)


def cassette(body: bytes, headers: dict[str, list[str]], serializer: object) -> bytes:
    """Return what vcrpy writes for one session."""
    request = vcr.request.Request("POST", URL, json.dumps(REQUEST), {})
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": body}}
    text: str = serialize({"requests": [request], "responses": [response]}, serializer)
    return text.encode()


@given(body=BODIES, headers=HEADERS)
def test_whatever_was_received_comes_back(body: bytes, headers: dict[str, list[str]]) -> None:
    """Any body and any headers survive vcrpy's YAML and our reading of it."""
    headers = {name: values for name, values in headers.items() if name.lower() != "content-encoding"}
    headers["content-type"] = ["text/event-stream"]
    expected = written(body, dict(sorted(headers.items())))
    assert list(read_bytes(cassette(body, headers, yamlserializer), "-")) == [expected]


@given(body=st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_text_comes_back_from_json_too(body: bytes) -> None:
    """What vcrpy's JSON serializer can write is read as from YAML."""
    headers = {"content-type": ["text/event-stream"]}
    assert list(read_bytes(cassette(body, headers, jsonserializer), "-")) == [written(body, headers)]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: "." in yaml.safe_dump(number))
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES)
def test_values_are_what_pyyaml_would_make_of_them(value: object) -> None:
    """Building from events gives what PyYAML's safe loader gives, for what PyYAML writes."""
    text = yaml.safe_dump({"when": value}, allow_unicode=True)
    found, end = parts(io.BytesIO(text.encode()), "-", lists={}, whole=frozenset({"when"}))
    assert isinstance(found, Part)
    assert found.value == yaml.safe_load(text)["when"]
    assert end == DocumentEnd(frozenset({"when"}))


def test_anchors_merges_and_repeated_keys_are_understood() -> None:
    """People who edit cassettes use what YAML offers to say things once."""
    text = (
        "common: &common {a: 1, b: &list [x, ~]}\n"
        "interactions:\n"
        "- {<<: *common, b: 2}\n"
        "- {<<: [*common, {c: 3}], d: *list, d: again}\n"
        "- yes\n"
        "version: 1\n"
    )
    found = list(parts(io.BytesIO(text.encode()), "-", lists={"interactions": "version"}, whole=frozenset()))
    assert found == [
        Part("interactions", {"a": 1, "b": 2}, 3),
        Part("interactions", {"a": 1, "b": ["x", None], "c": 3, "d": "again"}, 4),
        Part("interactions", True, 5),  # noqa: FBT003 - a value of the file
        DocumentEnd(frozenset({"common", "interactions", "version"})),
    ]


def test_one_entry_is_in_memory_at_a_time() -> None:
    """The first entry of a long cassette comes out before the rest has been read."""
    entry = "- a: " + "x" * 1000 + "\n"
    stream = io.BytesIO(b"interactions:\n" + entry.encode() * 10_000 + b"version: 1\n")
    found = parts(stream, "-", lists={"interactions": "version"}, whole=frozenset())
    assert next(found) == Part("interactions", {"a": "x" * 1000}, 2)
    assert stream.tell() < 100_000
    assert sum(1 for _ in found) == 10_000
