"""Facts about the cassettes that we write: read again they say the same, to us and to plain vcrpy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import openai
import pytest
import vcr
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from deltaproof.cassette import read_bytes, read_kept, read_path, write_cassette
from deltaproof.cassette.scrub import Cleaner
from deltaproof.exchange import End, Exchange, Head, Read, Skipped
from tests.cassette.recorded import PROVENANCE, as_read, exchanges
from tests.cassette.sessions import BODY, CHUNKS, ENTRY, GZIPPED, HEAD, OWN_ENTRY, REQUEST, URL

SHARED = Path(__file__).parents[3] / "shared"
EMPTY = "a cassette without interactions"


def numbered(written: Sequence[Exchange], path: Path) -> list[Exchange]:
    """Return exchanges as they are read from a file."""
    return [replace(as_read(one), source=str(path), entry=entry) for entry, one in enumerate(written)]


def read(path: Path) -> list[Exchange]:
    """Return what is kept in a cassette, which is nothing but exchanges, as far as it must come back."""
    found = list(read_kept(path))
    assert all(isinstance(one, Exchange) or one == Skipped(str(path), EMPTY) for one in found), found
    return [as_read(one) for one in found if isinstance(one, Exchange)]


@given(written=st.lists(exchanges(), max_size=3))
def test_whatever_was_recorded_comes_back(written: list[Exchange], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any bytes that were sent and received, headers, times and ends are read again as they were."""
    path = tmp_path_factory.mktemp("cassette") / "a.yaml"
    write_cassette(path, written, provenance=PROVENANCE)
    assert read(path) == numbered(written, path)
    found = [one for one in read_kept(path) if isinstance(one, Exchange)]
    assert all(one.sent == was.sent for one, was in zip(found, written, strict=True) if was.sent)
    assert all(
        one.sent_headers == was.sent_headers for one, was in zip(found, written, strict=True) if was.sent_headers
    )


@given(written=st.lists(exchanges(), max_size=3))
def test_a_cassette_that_is_read_and_written_again_is_the_same_file(
    written: list[Exchange], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A change in git is a change of what was recorded."""
    path = tmp_path_factory.mktemp("cassette") / "a.yaml"
    write_cassette(path, written, provenance=PROVENANCE)
    before = path.read_bytes()
    write_cassette(path, [one for one in read_kept(path) if isinstance(one, Exchange)], provenance={})
    assert path.read_bytes() == before


@given(written=st.lists(exchanges(), max_size=3))
def test_vcrpy_reads_the_same(written: list[Exchange], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Plain vcrpy loads what was recorded, to the byte; and so does the YAML parser that is not libyaml."""
    path = tmp_path_factory.mktemp("cassette") / "a.yaml"
    write_cassette(path, written, provenance=PROVENANCE)
    requests, responses = FilesystemPersister.load_cassette(path, yamlserializer)
    assert all(one.sent == request.body for one, request in zip(written, requests, strict=True) if one.sent)
    assert all(
        one.request == json.loads(request.body) for one, request in zip(written, requests, strict=True) if not one.sent
    )
    assert [(request.method, request.uri) for request in requests] == [(one.method, one.url) for one in written]
    assert [response["body"]["string"] for response in responses] == [one.body for one in written]
    assert [response["status"]["code"] for response in responses] == [one.head.status for one in written if one.head]
    assert [
        tuple((name, value) for name, values in response["headers"].items() for value in values)
        for response in responses
    ] == [one.head.headers for one in written if one.head]
    text = path.read_text(encoding="utf-8")
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real recordings is not beside this checkout")
def test_every_real_recording_comes_back(tmp_path: Path) -> None:
    """What servers really sent is the same after it was written, and is readable text."""
    path = tmp_path / "a.yaml"
    found = [one for folder in ("corpus", "foreign-cassettes") for one in read_path(SHARED / folder)]
    # Most of the corpus has bodies only; a cassette of a response has its head and its request.
    head = Head(200, (("content-type", "text/event-stream"),))
    real = [
        replace(one, request=one.request or REQUEST, head=one.head or head, method="POST", url=one.url or URL)
        for one in found
        if isinstance(one, Exchange)
    ]
    write_cassette(path, real, provenance=PROVENANCE)
    assert read(path) == numbered([Cleaner().exchange(one) for one in real], path)
    assert b"!!binary" not in path.read_bytes()


def test_a_provenance_says_who_wrote_it_and_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    """The version of deltaproof is always there; an exchange knows its scenario best; what is empty is not written."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [OWN_ENTRY, ENTRY], provenance={"server": "tiny", "version": "", "scenario": "another"})
    found = [one["response"]["stream"]["provenance"] for one in yaml.safe_load(path.read_text())["interactions"]]
    version = found[0]["deltaproof"]
    assert version[0].isdigit()
    assert found == [
        {"deltaproof": version, "model": "tiny", "scenario": "greeting", "server": "tiny"},
        {"deltaproof": version, "model": "tiny", "scenario": "another", "server": "tiny"},
    ]


@pytest.mark.parametrize(
    ("header", "told", "expected"),
    [
        ("llama.cpp", {}, {"server": "llama.cpp"}),
        ("BaseHTTP/0.6 Python/3.11.7", {}, {"server": "BaseHTTP", "version": "0.6"}),
        ("uvicorn/1", {"server": "vLLM", "version": "0.11"}, {"server": "vLLM", "version": "0.11"}),
        ("uvicorn/1", {"server": "vLLM"}, {"server": "vLLM"}),
    ],
)
def test_a_server_that_says_who_it_is_is_named(
    header: str, told: Mapping[str, str], expected: Mapping[str, str], tmp_path: Path
) -> None:
    """Unless who records knows better: what answers may stand behind something that names itself."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [replace(ENTRY, head=Head(200, (("Server", header),)))], provenance=told)
    (found,) = read_kept(path)
    assert isinstance(found, Exchange)
    assert {name: found.provenance[name] for name in found.provenance.keys() & {"server", "version"}} == expected


def test_what_the_server_never_said_is_not_told_of_it(tmp_path: Path) -> None:
    """When its response ended, and when its request was sent, is there where it is known, and comes back."""
    path = tmp_path / "a.yaml"
    sent_at = datetime(2026, 11, 22, 19, 24, 19, 123_000, tzinfo=UTC)
    write_cassette(path, [replace(ENTRY, sent_at=sent_at, ended=1.25), ENTRY], provenance={})
    first, second = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    stream = first["response"]["stream"]
    assert (stream["ended"], stream["provenance"]["date"]) == (1250, "2026-11-22T19:24:19.123Z")
    assert "ended" not in second["response"]["stream"]
    assert [(one.sent_at, one.ended) for one in read(path)] == [(sent_at, 1.25), (None, None)]


def served(path: Path, request: Mapping[str, object], method: str = "POST") -> httpx2.Response:
    """Return what plain vcrpy answers from a cassette."""
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"]):
        return httpx2.request(method, URL, json=request)


def test_vcrpy_serves_it_to_the_openai_client(tmp_path: Path) -> None:
    """A cassette of ours is a mock in any test suite that uses vcrpy, matched by the request's body."""
    path = tmp_path / "a.yaml"
    other = replace(ENTRY, request={**REQUEST, "model": "large"}, body=b"data: [DONE]\n\n")
    write_cassette(path, [other, OWN_ENTRY], provenance=PROVENANCE)
    with (
        vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"]) as cassette,
        openai.OpenAI(api_key="sk-unused", base_url="https://api.example.com/v1", max_retries=0) as client,
    ):
        chunks = list(client.chat.completions.create(**REQUEST))  # type: ignore[call-overload]  # a plain mapping
    assert [json.loads(chunk.to_json(indent=None)) for chunk in chunks] == [json.loads(chunk) for chunk in CHUNKS]
    assert cassette.play_counts == {1: 1}


def test_vcrpy_serves_the_same_bytes_and_headers_to_httpx2(tmp_path: Path) -> None:
    """What a client gets from vcrpy is what was recorded, also if it was compressed, refused or binary."""
    path = tmp_path / "a.yaml"
    zipped = Head(200, (*HEAD.headers, ("Content-Encoding", "gzip")))
    entries = {
        "text": replace(ENTRY, head=Head(429, HEAD.headers)),
        "gzip": replace(ENTRY, body=GZIPPED, head=zipped),
        "bytes": replace(ENTRY, body=b"\xff\xfe\x00"),
    }
    write_cassette(
        path, [replace(one, request={**REQUEST, "model": name}) for name, one in entries.items()], provenance=PROVENANCE
    )
    answers = {name: served(path, {**REQUEST, "model": name}) for name in entries}
    lower = [(name.lower(), value) for name, value in HEAD.headers]
    assert {name: (one.status_code, one.content, one.headers.multi_items()) for name, one in answers.items()} == {
        "text": (429, BODY, lower),
        "gzip": (200, BODY, [*lower, ("content-encoding", "gzip")]),
        "bytes": (200, b"\xff\xfe\x00", lower),
    }


def test_a_compressed_body_is_kept_as_sent_and_judged_decoded(tmp_path: Path) -> None:
    """The file has the server's bytes and the sizes of their reads; who reads it gets the stream they stand for."""
    path = tmp_path / "a.yaml"
    head = Head(200, (("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip")))
    reads = (Read(0.001, 20), Read(0.002, len(GZIPPED) - 20))
    write_cassette(path, [replace(OWN_ENTRY, body=GZIPPED, head=head, reads=reads)], provenance=PROVENANCE)
    _, (response,) = FilesystemPersister.load_cassette(path, yamlserializer)
    assert response["body"]["string"] == GZIPPED
    assert response["stream"]["reads"] == ["1 20", f"2 {len(GZIPPED) - 20}"]
    (found,) = read_path(path)
    assert isinstance(found, Exchange)
    assert (found.body, found.head, sum(read.size for read in found.reads)) == (BODY, head, len(BODY))


@pytest.mark.parametrize("end", End)
def test_a_broken_stream_is_kept_like_any_other(end: End, tmp_path: Path) -> None:
    """Cut in the middle of a character and ended in any way, it comes back to the byte."""
    path = tmp_path / "a.yaml"
    body = BODY[: BODY.index("ü".encode()) + 1]
    broken = replace(OWN_ENTRY, body=body, reads=(Read(0.0125, len(body)),), end=end)
    write_cassette(path, [broken], provenance=PROVENANCE)
    assert read(path) == [replace(broken, source=str(path))]


def test_a_plain_answer_to_the_same_request_stands_beside_the_stream(tmp_path: Path) -> None:
    """It is readable text, plain vcrpy keeps it, and what only Python's parser takes comes back too."""
    path = tmp_path / "a.yaml"
    choices = [{"index": 0, "message": {"role": "assistant", "content": "¡Hola! \ud83c\u2028"}}]
    answer = {"object": "chat.completion", "choices": choices, "odd": float("inf")}
    write_cassette(path, [replace(ENTRY, answer=answer), OWN_ENTRY], provenance=PROVENANCE)
    assert """
    stream:
      answer: |-
        {
          "object": "chat.completion",
          "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "¡Hola! \\ud83c\\u2028"}}
          ],
          "odd": Infinity
        }
      end: eof
""" in path.read_text(encoding="utf-8")
    assert read(path) == numbered([replace(ENTRY, answer=answer), OWN_ENTRY], path)
    _, (response, _) = FilesystemPersister.load_cassette(path, yamlserializer)
    assert json.loads(response["stream"]["answer"]) == answer


def test_what_got_no_response_is_kept_without_inventing_one(tmp_path: Path) -> None:
    """A connection that closed before the status line has a status of null, and hides no other exchange."""
    path = tmp_path / "a.yaml"
    unanswered = replace(OWN_ENTRY, body=b"", head=None, reads=())
    write_cassette(path, [unanswered, OWN_ENTRY], provenance=PROVENANCE)
    (request, _), (response, _) = FilesystemPersister.load_cassette(path, yamlserializer)
    assert json.loads(request.body) == REQUEST
    assert response["status"] == {"code": None, "message": ""}
    assert (response["headers"], response["body"], response["stream"]["end"]) == ({}, {"string": b""}, "reset")
    assert read(path)[1:] == [replace(as_read(OWN_ENTRY), source=str(path), entry=1)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(b'{"stream":true, "model":  "tiny"}', '{"stream":true, "model":  "tiny"}', id="an-object"),
        pytest.param(b'{"messages": [', '{"messages": [', id="broken-json"),
        pytest.param("[1,\n\t2]\u2028".encode(), "[1,\n\t2]\u2028", id="no-object"),
        pytest.param(b"\xff\xfe{", b"\xff\xfe{", id="no-text"),
    ],
)
def test_what_was_sent_is_kept_to_the_byte(sent: bytes, kept: str | bytes, tmp_path: Path) -> None:
    """Scenarios send what is no JSON on purpose; and vcrpy, which compares bodies as JSON where told, is not told so."""
    path = tmp_path / "a.yaml"
    request = {"model": "tiny", "stream": True} if sent.startswith(b'{"stream"') else None
    write_cassette(path, [replace(ENTRY, request=request, sent=sent), OWN_ENTRY], provenance=PROVENANCE)
    first, _ = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    assert first["request"]["body"] == kept
    assert read(path)[0] == replace(ENTRY, request=request, source=str(path))
    assert served(path, REQUEST).content == BODY


def test_a_request_that_is_not_known_is_null(tmp_path: Path) -> None:
    """Nothing is made up for a body that is no JSON object, or was not kept."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [replace(ENTRY, request=None)], provenance=PROVENANCE)
    (interaction,) = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    assert interaction["request"] == {"body": None, "headers": {}, "method": "POST", "uri": URL}
    assert read(path) == [replace(ENTRY, request=None, source=str(path))]


def test_an_answer_before_the_request_was_out_came_at_zero(tmp_path: Path) -> None:
    """A server may refuse while the request is still being sent; no time before that is written."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [replace(ENTRY, reads=(Read(-0.25, len(BODY)),))], provenance=PROVENANCE)
    assert read(path) == [replace(ENTRY, reads=(Read(0.0, len(BODY)),), source=str(path))]


def test_no_secret_of_head_or_url_is_written(tmp_path: Path) -> None:
    """Scrubbing comes before the disk, and leaves everything else as it was."""
    path = tmp_path / "a.yaml"
    head = Head(200, (*HEAD.headers, ("Set-Cookie", "sid=hush-1"), ("OpenAI-Organization", "hush-2")))
    url = URL.replace("https://", "https://me:hush-3@") + "?key=hush-4&n=1"
    write_cassette(path, [replace(ENTRY, head=head, url=url)], provenance=PROVENANCE)
    assert b"hush" not in path.read_bytes()
    scrubbed = Head(200, (*HEAD.headers, ("Set-Cookie", "SCRUBBED"), ("OpenAI-Organization", "SCRUBBED")))
    address = URL.replace("https://", "https://SCRUBBED@") + "?key=SCRUBBED&n=1"
    assert read(path) == [replace(ENTRY, head=scrubbed, url=address, source=str(path))]


def test_no_exchanges_make_an_empty_cassette(tmp_path: Path) -> None:
    """It is one to plain vcrpy too."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [], provenance=PROVENANCE)
    assert FilesystemPersister.load_cassette(path, yamlserializer) == ([], [])


def test_nothing_is_paid_for_until_a_cassette_is_written() -> None:
    """Importing vcrpy imports every HTTP client there is, and PyYAML is slow to start: neither comes with our names."""
    program = "import sys, deltaproof.cassette; print(sorted({'vcr', 'yaml', 'httpx2', 'importlib.metadata'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_cassette_of_ours_is_read_from_standard_input_too(tmp_path: Path) -> None:
    """Nothing in it depends on the file's name."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [OWN_ENTRY], provenance=PROVENANCE)
    (found,) = read_bytes(path.read_bytes(), "-")
    assert isinstance(found, Exchange)
    assert as_read(found) == as_read(OWN_ENTRY)
