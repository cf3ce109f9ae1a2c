"""One small streamed session of our own, and how each recorder would have written it down. No tests."""

from __future__ import annotations

import base64
import gzip
import json

from deltaproof.exchange import End, Exchange, Fidelity, Head, Read

_CHUNK = (
    '{"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"tiny","choices":[{"index":0,'
)
CHUNKS = (
    _CHUNK + '"delta":{"role":"assistant","content":"Grüße\\n"},"finish_reason":null}]}',
    _CHUNK + '"delta":{},"finish_reason":"stop"}]}',
)
BODY = "".join(f"data: {chunk}\n\n" for chunk in (*CHUNKS, "[DONE]")).encode()
REQUEST = {"model": "tiny", "messages": [{"role": "user", "content": "Say hello: 'hi'"}], "stream": True}
URL = "https://api.example.com/v1/chat/completions"
HEAD = Head(200, (("Content-Type", "text/event-stream"), ("X-Tag", "a"), ("X-Tag", "b")))
GZIPPED = gzip.compress(BODY, mtime=0)

ENTRY = Exchange(source="-", body=BODY, request=REQUEST, head=HEAD, method="POST", url=URL)
"""What every recording of the session is read as, apart from its source."""

VCRPY_REQUEST: dict[str, object] = {
    "body": json.dumps(REQUEST),
    "headers": {"Accept": ["application/json"]},
    "method": "POST",
    "uri": URL,
}
RESPONSE_HEADERS = {"Content-Type": ["text/event-stream"], "X-Tag": ["a", "b"]}
RESPONSE: dict[str, object] = {
    "body": {"string": BODY.decode()},
    "headers": RESPONSE_HEADERS,
    "status": {"code": 200, "message": "OK"},
}
"""The session as vcrpy keeps it."""

HAR_REQUEST: dict[str, object] = {
    "method": "POST",
    "url": URL,
    "headers": [],
    "postData": {"mimeType": "application/json", "text": json.dumps(REQUEST)},
}
HAR_HEADERS = [
    {"name": ":status", "value": "200"},
    {"name": "Content-Type", "value": "text/event-stream"},
    {"name": "X-Tag", "value": "a"},
    {"name": "X-Tag", "value": "b"},
]
HAR_RESPONSE: dict[str, object] = {
    "status": 200,
    "statusText": "OK",
    "headers": HAR_HEADERS,
    "content": {"mimeType": "text/event-stream", "size": len(BODY), "text": BODY.decode()},
    "bodySize": len(BODY),
}
"""The session as a browser exports it."""


def indented(text: str, by: int) -> str:
    """Return text as the content of a literal block."""
    return "".join(f"{' ' * by if line.strip() else ''}{line}" for line in text.splitlines(keepends=True))


def base64_of(body: bytes) -> str:
    """Return base64 text."""
    return base64.b64encode(body).decode()


GO_VCR_1 = f"""\
---
version: 1
interactions:
- request:
    body: '{json.dumps(REQUEST).replace("'", "''")}'
    form: {{}}
    headers:
      Accept:
      - application/json
    url: {URL}
    method: POST
  response:
    body: |+
{indented(BODY.decode(), 6)}
    headers:
      Content-Type:
      - text/event-stream
      X-Tag:
      - a
      - b
    status: 200 OK
    code: 200
    duration: 1.25s
""".replace("[DONE]\n\n\n", "[DONE]\n\n")

GO_VCR_3 = f"""\
---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/1.1
        proto_major: 1
        proto_minor: 1
        content_length: 90
        transfer_encoding: []
        trailer: {{}}
        host: api.example.com
        remote_addr: ""
        request_uri: ""
        body: {json.dumps(json.dumps(REQUEST))}
        form: {{}}
        headers: {{}}
        url: {URL}
        method: POST
      response:
        proto: HTTP/2.0
        proto_major: 2
        proto_minor: 0
        content_length: -1
        uncompressed: true
        body: {json.dumps(BODY.decode())}
        headers:
            Content-Type:
                - text/event-stream
            X-Tag:
                - a
                - b
        status: 200 OK
        code: 200
        duration: 650.2ms
"""

RUBY_VCR = f"""\
---
http_interactions:
- request:
    method: post
    uri: {URL}
    body:
      encoding: UTF-8
      string: {json.dumps(json.dumps(REQUEST))}
    headers:
      Accept:
      - "*/*"
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - text/event-stream
      X-Tag:
      - a
      - b
    body:
      BODY
  recorded_at: Mon, 08 Jun 2026 18:48:05 GMT
recorded_with: VCR 6.3.1
"""

HTTPMOCK = f"""\
when:
  path: /v1/chat/completions
  method: POST
  scheme: https
  host: api.example.com
  header:
  - name: accept
    value: text/event-stream
  body: {json.dumps(json.dumps(REQUEST))}
then:
  status: 200
  header:
  - name: Content-Type
    value: text/event-stream
  - name: X-Tag
    value: a
  - name: X-Tag
    value: b
  BODY
"""

OWN = f"""\
interactions:
- request:
    body: '{json.dumps(REQUEST).replace("'", "''")}'
    headers: {{}}
    method: POST
    uri: {URL}
  response:
    body:
      string: |+
{indented(BODY.decode(), 8)}    headers:
      Content-Type:
      - text/event-stream
      X-Tag:
      - a
      - b
    status:
      code: 200
      message: OK
    stream:
      end: reset
      fidelity: raw
      provenance:
        deltaproof: 0.1.0
        scenario: greeting
        server: tiny 1.0
      reads:
      - 12.5 100
      - 14 {len(BODY) - 100}
      request_sent: '2026-11-22T10:00:00Z'
version: 1
"""

OWN_ENTRY = Exchange(
    source="-",
    body=BODY,
    request=REQUEST,
    head=HEAD,
    reads=(Read(0.0125, 100), Read(0.014, len(BODY) - 100)),
    end=End.RESET,
    fidelity=Fidelity.RAW,
    method="POST",
    url=URL,
    scenario="greeting",
)
"""What our own cassette of the session is read as."""
