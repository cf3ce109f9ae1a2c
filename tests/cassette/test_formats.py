"""Facts about formats: whoever recorded a session, the same exchange is read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from deltaproof.cassette import Sighting, read_bytes
from deltaproof.exchange import End, Exchange, Fidelity, Head, Skipped
from tests.cassette.recorded import as_read
from tests.cassette.sessions import (
    BODY,
    CHUNKS,
    ENTRY,
    GO_VCR_1,
    GO_VCR_3,
    GZIPPED,
    HAR_HEADERS,
    HAR_REQUEST,
    HAR_RESPONSE,
    HEAD,
    HTTPMOCK,
    OWN,
    OWN_ENTRY,
    REQUEST,
    RESPONSE,
    RESPONSE_HEADERS,
    RUBY_VCR,
    URL,
    VCRPY_REQUEST,
    base64_of,
)


def read(content: bytes | str) -> list[Sighting]:
    """Read what stands in `content` without a name that would tell its format."""
    return list(read_bytes(content if isinstance(content, bytes) else content.encode(), "-"))


def vcrpy(response: object = RESPONSE, request: object = VCRPY_REQUEST) -> str:
    """Return a vcrpy cassette with one interaction."""
    return yaml.safe_dump({"interactions": [{"request": request, "response": response}], "version": 1})


def har(**response: object) -> str:
    """Return a HAR file with one entry, whose response is changed."""
    entry = {"request": HAR_REQUEST, "response": HAR_RESPONSE | response}
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "me"}, "entries": [entry]}})


HEADED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Tag: a\r\nX-Tag:  b \r\n\r\n"
BARE = Exchange(source="-", body=BODY)
GZIP_HEADERS = {**RESPONSE_HEADERS, "content-encoding": ["gzip"]}
GZIP_HEAD = Head(200, (*HEAD.headers, ("content-encoding", "gzip")))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(BODY, BARE, id="raw"),
        pytest.param(b"\xef\xbb\xbf" + BODY, replace(BARE, body=b"\xef\xbb\xbf" + BODY), id="raw-bom"),
        pytest.param(b": keep-alive\n\n", replace(BARE, body=b": keep-alive\n\n"), id="raw-comments-only"),
        pytest.param(HEADED + BODY, replace(BARE, head=HEAD), id="curl"),
        pytest.param((HEADED + BODY).replace(b"\r\n", b"\n"), replace(BARE, head=HEAD), id="curl-text-mode"),
        pytest.param(
            b"HTTP/1.0 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
            b"HTTP/2 307 \r\nlocation: /v1\r\n\r\n" + HEADED + BODY,
            replace(BARE, head=HEAD),
            id="curl-several-heads",
        ),
        pytest.param(
            b"HTTP/2 200 \r\ncontent-type: text/event-stream\r\nx-long: one\r\n two\r\ncontent-encoding: gzip\r\n\r\n"
            + GZIPPED,
            replace(
                BARE,
                head=Head(
                    200,
                    (("content-type", "text/event-stream"), ("x-long", "one two"), ("content-encoding", "gzip")),
                ),
            ),
            id="curl-gzip",
        ),
        pytest.param(vcrpy(), ENTRY, id="vcrpy"),
        pytest.param(
            json.dumps({"version": 1, "interactions": [{"request": VCRPY_REQUEST, "response": RESPONSE}]}),
            ENTRY,
            id="vcrpy-json",
        ),
        pytest.param(
            vcrpy({**RESPONSE, "body": {"string": GZIPPED}, "headers": GZIP_HEADERS}),
            replace(ENTRY, head=GZIP_HEAD),
            id="vcrpy-gzip",
        ),
        pytest.param(vcrpy({**RESPONSE, "headers": GZIP_HEADERS}), replace(ENTRY, head=GZIP_HEAD), id="vcrpy-decoded"),
        pytest.param(
            vcrpy({**RESPONSE, "body": {"string": BODY + b"\xff"}}),
            replace(ENTRY, body=BODY + b"\xff"),
            id="vcrpy-not-utf8",
        ),
        pytest.param(
            vcrpy(
                {
                    "content": BODY.decode(),
                    "headers": RESPONSE_HEADERS,
                    "http_version": "HTTP/1.1",
                    "status_code": 200,
                }
            ),
            ENTRY,
            id="vcrpy-old-httpx",
        ),
        pytest.param(
            vcrpy(request={"method": "POST", "uri": URL, "headers": {}, "parsed_body": REQUEST}),
            ENTRY,
            id="vcrpy-parsed-request",
        ),
        pytest.param(
            vcrpy(
                {
                    "headers": {"content-type": ["application/json"]},
                    "parsed_body": {"error": {"message": "no"}},
                    "status": {"code": 400, "message": "Bad Request"},
                }
            ),
            replace(
                ENTRY,
                body=b'{"error":{"message":"no"}}',
                head=Head(400, (("content-type", "application/json"),)),
                fidelity=Fidelity.NORMALISED,
            ),
            id="vcrpy-parsed-response",
        ),
        pytest.param(OWN, OWN_ENTRY, id="own"),
        pytest.param(GO_VCR_1, ENTRY, id="go-vcr-1"),
        pytest.param(GO_VCR_3, ENTRY, id="go-vcr-3"),
        pytest.param(
            GO_VCR_3.replace(json.dumps(BODY.decode()), "!!binary " + base64_of(BODY + b"\xff")),
            replace(ENTRY, body=BODY + b"\xff"),
            id="go-vcr-binary",
        ),
        pytest.param(
            RUBY_VCR.replace("BODY", f"encoding: UTF-8\n      string: {json.dumps(BODY.decode())}"),
            ENTRY,
            id="ruby-vcr",
        ),
        pytest.param(
            RUBY_VCR.replace("BODY", f"encoding: ISO-8859-1\n      string: {json.dumps(BODY.decode())}"),
            replace(ENTRY, body=BODY.decode().encode("latin-1")),
            id="ruby-vcr-other-encoding",
        ),
        pytest.param(
            RUBY_VCR.replace("BODY", f"encoding: ASCII-8BIT\n      string: !binary |-\n        {base64_of(BODY)}"),
            ENTRY,
            id="ruby-vcr-binary",
        ),
        pytest.param(
            RUBY_VCR.replace("BODY", f"encoding: UTF-8\n      base64_string: |\n        {base64_of(BODY)}"),
            ENTRY,
            id="ruby-vcr-base64",
        ),
        pytest.param(HTTPMOCK.replace("BODY", f"body: {json.dumps(BODY.decode())}"), ENTRY, id="httpmock"),
        pytest.param(HTTPMOCK.replace("BODY", f"body_base64: {base64_of(BODY)}"), ENTRY, id="httpmock-base64"),
        pytest.param(
            HTTPMOCK.replace("  host: api.example.com\n", "").replace("BODY", f"body: {json.dumps(BODY.decode())}"),
            replace(ENTRY, url="/v1/chat/completions"),
            id="httpmock-without-host",
        ),
        pytest.param(har(), ENTRY, id="har"),
        pytest.param(b"\xef\xbb\xbf" + har().encode(), ENTRY, id="har-bom"),
        pytest.param(har(content={"encoding": "base64", "text": base64_of(BODY)}), ENTRY, id="har-base64"),
        pytest.param(
            har(
                content={
                    "encoding": "base64",
                    "text": json.dumps([base64_of(GZIPPED[:99]), base64_of(GZIPPED[99:])]),
                },
                headers=[*HAR_HEADERS, {"name": "content-encoding", "value": "gzip"}],
            ),
            replace(ENTRY, head=GZIP_HEAD),
            id="har-polly-gzip",
        ),
        pytest.param(
            har(content={"text": BODY.decode().replace("ü", "\ufffd")}),
            replace(ENTRY, body=BODY.decode().replace("ü", "\ufffd").encode(), fidelity=Fidelity.NORMALISED),
            id="har-perhaps-damaged",
        ),
        pytest.param(
            har(content={"text": BODY.decode().replace("ü", "\ud800")}),
            replace(ENTRY, body=BODY.decode().replace("ü", "\ufffd").encode(), fidelity=Fidelity.NORMALISED),
            id="har-lone-surrogate",
        ),
        pytest.param(
            har(_error="net::ERR_HTTP2_PROTOCOL_ERROR"), replace(ENTRY, end=End.CUT), id="har-connection-lost"
        ),
        pytest.param(har(_error="net::ERR_ABORTED"), replace(ENTRY, end=End.CLIENT_GONE), id="har-client-gone"),
        pytest.param(
            har(content={"size": 0, "mimeType": ""}, bodySize=0), replace(ENTRY, body=b""), id="har-empty-body"
        ),
    ],
)
def test_a_recording_is_read_whole(content: bytes | str, expected: Exchange) -> None:
    """Body, request, head, reads, end and fidelity come out as they went in, in every format."""
    (found,) = read(content)
    assert isinstance(found, Exchange)
    assert replace(as_read(found), sent_headers=(), sent_at=None) == as_read(expected)


def test_what_vcrpy_kept_of_a_request_is_read_too() -> None:
    """Its bytes and its headers: what is to be sent again, and what tells one client from another."""
    headers = {"Accept": ["application/json", "*/*"], "X-One": ["1"]}
    (found,) = read(vcrpy(request={**VCRPY_REQUEST, "headers": headers}))
    assert isinstance(found, Exchange)
    assert found.sent == json.dumps(REQUEST).encode()
    assert found.sent_headers == (("Accept", "application/json"), ("Accept", "*/*"), ("X-One", "1"))


FRAMED = "".join(f"data: {chunk}\n\n" for chunk in CHUNKS).encode()
REBUILT = Exchange(source="-", body=FRAMED, fidelity=Fidelity.RECONSTRUCTED)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("\n".join(CHUNKS), [REBUILT], id="lines"),
        pytest.param("\r\n\r\n".join(CHUNKS) + "\r\n", [REBUILT], id="lines-crlf-and-blank"),
        pytest.param("\n".join((*CHUNKS, "[DONE]")), [replace(REBUILT, body=BODY)], id="lines-and-done"),
        pytest.param(
            '{"choices": [ ],"n":NaN,"n":1}\n' + CHUNKS[0],
            [replace(REBUILT, body=f'data: {{"choices": [ ],"n":NaN,"n":1}}\n\ndata: {CHUNKS[0]}\n\n'.encode())],
            id="lines-verbatim",
        ),
        pytest.param(
            f"[{','.join(CHUNKS)}]\n[{CHUNKS[0]}]\n",
            [REBUILT, replace(REBUILT, entry=1, body=f"data: {CHUNKS[0]}\n\n".encode())],
            id="lines-of-lists",
        ),
        pytest.param(json.dumps([json.loads(chunk) for chunk in CHUNKS], indent=2), [REBUILT], id="list"),
        pytest.param(
            '[{"choices":[],"x":"\\ud83d","y":NaN}]',
            [replace(REBUILT, body=b'data: {"choices":[],"x":"\\ud83d","y":NaN}\n\n')],
            id="list-with-what-few-parsers-take",
        ),
        pytest.param(CHUNKS[0], [replace(REBUILT, body=f"data: {CHUNKS[0]}\n\n".encode())], id="one-chunk"),
    ],
)
def test_lists_of_chunks_are_framed_anew(content: str, expected: list[Sighting]) -> None:
    """What was a chunk becomes an event again, and the exchange says that its framing proves nothing."""
    assert read(content) == expected


def test_several_documents_and_entries_are_numbered_through() -> None:
    """Each document of httpmock is an entry of the file, and so is each interaction that is passed over."""
    mock = HTTPMOCK.replace("BODY", f"body: {json.dumps(BODY.decode())}")
    other = mock.replace("/v1/chat/completions", "/v1/embeddings").replace("stream", "flow")
    assert read(f"{mock}---\n{other.replace(json.dumps(BODY.decode()), 'plain')}---\n{mock}") == [
        ENTRY,
        Skipped("-", "POST api.example.com/v1/embeddings: no chat completion", 1),
        replace(ENTRY, entry=2),
    ]


def test_ids_that_a_recorder_redacted_are_no_evidence() -> None:
    """Chunks whose ids say REDACTED and whose times are 0 were rewritten, whatever the file claims to be."""
    body = BODY.replace(b"chatcmpl-7", b"chatcmpl-REDACTED_1").replace(b"1700000000", b"0")
    assert read(body) == [replace(BARE, body=body, fidelity=Fidelity.NORMALISED)]


def test_a_mock_without_a_status_has_no_head() -> None:
    """What httpmock would answer by default is not what a server answered."""
    mock = HTTPMOCK.replace("  status: 200\n", "").replace("BODY", f"body: {json.dumps(BODY.decode())}")
    assert read(mock) == [replace(ENTRY, head=None)]
