"""Facts about real recordings, which are not part of this repository: all of them are read."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import TypedDict

import pytest

from deltaproof.cassette import Sighting, read_path
from deltaproof.exchange import Exchange, Fidelity, Skipped

SHARED = Path(__file__).parents[3] / "shared"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real recordings is not beside this checkout")


class Source(TypedDict):
    """One line of SOURCES.jsonl."""

    file: str
    chat_sessions: int
    tool_calls: list[int]


def lines(path: Path) -> list[str]:
    """Return the lines of a file, none if it is not there."""
    return path.read_text().splitlines() if path.is_file() else []


SOURCES: list[Source] = [json.loads(line) for line in lines(SHARED / "foreign-cassettes" / "SOURCES.jsonl")]

WITH_CALLS_ONLY = {
    source["file"] for source in SOURCES if source["file"].startswith("ruby-vcr/") and 0 not in source["tool_calls"]
}
"""Files of whose four streams SOURCES.jsonl counts the two that call a tool."""


def calls(body: bytes) -> int:
    """Count the tool calls of a stream, crudely: each says its name once in a delta."""
    chunks = map(json.loads, re.findall(rb"^data: (\{.*\})\s*$", body, re.MULTILINE))
    deltas = [choice.get("delta") or {} for chunk in chunks for choice in chunk.get("choices") or []]
    return sum(bool(call["function"].get("name")) for delta in deltas for call in delta.get("tool_calls") or [])


@pytest.mark.parametrize("source", SOURCES, ids=[source["file"][:60] for source in SOURCES])
def test_a_foreign_cassette_holds_the_sessions_it_is_said_to_hold(source: Source) -> None:
    """As many exchanges as sessions, with as many tool calls each; the rest is passed over for a reason."""
    sightings = list(read_path(SHARED / "foreign-cassettes" / source["file"]))
    exchanges = [one for one in sightings if isinstance(one, Exchange)]
    assert all(isinstance(one, Exchange | Skipped) for one in sightings)
    assert all(one.request and one.head and one.head.status == 200 and one.url for one in exchanges)
    counted = [calls(exchange.body) for exchange in exchanges]
    if source["file"] in WITH_CALLS_ONLY:
        counted = [count for count in counted if count]
    assert (len(counted), counted) == (source["chat_sessions"], source["tool_calls"])


def test_what_is_no_stream_in_the_foreign_cassettes_is_named() -> None:
    """Two plain completions, and the other services that an agent talked to."""
    sightings = list(read_path(SHARED / "foreign-cassettes"))
    assert Counter(one.reason for one in sightings if isinstance(one, Skipped)) == {
        "a plain chat completion: stream was not asked for": 2,
        "GET api.smith.langchain.com/info: no chat completion": 6,
        "GET api.smith.langchain.com/commits/hwchase17/openai-functions-agent/latest: no chat completion": 6,
        "POST api.tavily.com/search: no chat completion": 6,
        "no recording format is recognised": 1,
    }
    assert Counter(one.fidelity for one in sightings if isinstance(one, Exchange)) == {
        Fidelity.RAW: 71,
        Fidelity.NORMALISED: 1,
    }


@functools.cache
def corpus() -> list[Sighting]:
    """Return all that is in the corpus."""
    return list(read_path(SHARED / "corpus"))


def test_every_stream_of_the_corpus_is_read_with_its_request() -> None:
    """Each stream is an exchange with the bytes of its file, and the request where one lies beside it."""
    folder = SHARED / "corpus"
    rows = [json.loads(line) for line in lines(folder / "index.jsonl")]
    expected = {f"{folder}/{row['id']}.sse": row["request_known"] for row in rows}
    exchanges = [one for one in corpus() if isinstance(one, Exchange)]
    assert {one.source: one.request is not None for one in exchanges} == expected
    assert all(one.body == Path(one.source).read_bytes() for one in exchanges)
    assert [one for one in corpus() if not isinstance(one, Exchange)] == [
        Skipped(f"{folder}/index.jsonl", "no recording format is recognised")
    ]


def test_redacted_streams_are_told_from_raw_ones_by_their_content() -> None:
    """The streams that the index calls normalised say so themselves."""
    folder = SHARED / "corpus"
    rows = [json.loads(line) for line in lines(folder / "index.jsonl")]
    normalised = {f"{folder}/{row['id']}.sse" for row in rows if row["fidelity"] == "normalised"}
    found = {one.source for one in corpus() if isinstance(one, Exchange) and one.fidelity is Fidelity.NORMALISED}
    assert found == normalised


def test_streams_of_other_protocols_are_named() -> None:
    """The recordings of the Responses API and of Anthropic's are passed over as what they are."""
    sightings = list(read_path(SHARED / "corpus-other"))
    assert Counter(one.reason for one in sightings if isinstance(one, Skipped)) == {
        "a Responses API stream": 24,
        "an Anthropic Messages stream": 27,
        "no recording format is recognised": 1,
    }
    assert all(isinstance(one, Skipped) for one in sightings)
