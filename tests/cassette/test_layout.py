"""Facts about how our cassettes look: like a conversation, to people and to git."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deltaproof.cassette import write_cassette
from deltaproof.cassette.layout import scalar
from deltaproof.exchange import Exchange
from tests.cassette.recorded import PROVENANCE
from tests.cassette.sessions import BODY, CHUNKS, OWN_ENTRY

CRLF = replace(OWN_ENTRY, body=BODY.replace(b"\n", b"\r\n"), reads=())


def test_a_cassette_reads_like_a_conversation(tmp_path: Path) -> None:
    """A line for each message, each event and each read, and nothing that a person would have to decode."""
    first, second = CHUNKS
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    messages = [{"role": "user", "content": "Say hello: 'hi'"}, {"role": "user", "content": "¿Qué?\u2028\ud83c"}]
    request = {"model": "tiny", "messages": messages, "tools": [tool]}
    path = tmp_path / "cassette.yaml"
    write_cassette(path, [replace(OWN_ENTRY, request=request)], provenance={"deltaproof": "0.1.0", **PROVENANCE})
    assert (
        path.read_text(encoding="utf-8")
        == f"""\
interactions:
- request:
    body: |-
      {{
        "model": "tiny",
        "messages": [
          {{"role": "user", "content": "Say hello: 'hi'"}},
          {{"role": "user", "content": "¿Qué?\\u2028\\ud83c"}}
        ],
        "tools": [
          {{"type": "function", "function": {{"name": "add", "parameters": {{"type": "object"}}}}}}
        ]
      }}
    headers:
      content-type:
      - application/json
    method: POST
    uri: https://api.example.com/v1/chat/completions
  response:
    body:
      string: |+
        data: {first}

        data: {second}

        data: [DONE]

    headers:
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
        date: '2026-11-22'
        deltaproof: 0.1.0
        model: tiny
        scenario: greeting
        server: tiny
        version: '1.0'
      reads:
      - 12.5 100
      - 14 260
version: 1
"""
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "''", id="nothing"),
        pytest.param('{"error":"no"}', '|-\n  {"error":"no"}', id="no-line-break-at-the-end"),
        pytest.param("a\n", "|\n  a", id="one-line-break-at-the-end"),
        pytest.param("a\n\nb\n\n\n", "|+\n  a\n\n  b\n\n", id="more-line-breaks-at-the-end"),
        pytest.param("\n", "|2+\n", id="nothing-but-a-line-break"),
        pytest.param("\n\na", "|2-\n\n\n  a", id="line-breaks-first"),
        pytest.param("  a\nb", "|2-\n    a\n  b", id="blanks-first"),
        pytest.param("日本 🎯 \ufffd", "|-\n  日本 🎯 \ufffd", id="any-script"),
        pytest.param(
            'a\r\n\r\n {"b\\n":1}', '"\\\n  a\\r\\n\\\n  \\r\\n\\\n  \\ {\\"b\\\\n\\":1}"', id="carriage-returns"
        ),
        pytest.param("data: \n\n", '"\\\n  data: \\n\\\n  \\n"', id="blanks-at-the-end-of-a-line"),
        pytest.param("a\xa0", '"\\\n  a\xa0"', id="a-blank-that-is-not-ascii-at-the-end"),
        pytest.param(
            "\ufeffa\x85\u2028\t\x00\x7f\n", '"\\\n  \\ufeffa\\x85\\u2028\\t\\x00\\x7f\\n"', id="what-nobody-sees"
        ),
    ],
)
def test_a_body_is_a_literal_block_unless_that_would_hide_something(text: str, expected: str) -> None:
    """Lines of the body are lines of the file, and what an editor or a parser would change is escaped."""
    assert scalar(text, 2) == expected
    assert yaml.safe_load(f"a: {expected}\nb: 1\n") == {"a": text, "b": 1}


@pytest.mark.parametrize("exchange", [OWN_ENTRY, CRLF], ids=["line-feeds", "carriage-returns"])
def test_a_changed_event_is_a_changed_line(exchange: Exchange, tmp_path: Path) -> None:
    """The diff of two recordings shows the event that differs, and no other."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    write_cassette(before, [replace(exchange, reads=())], provenance=PROVENANCE)
    changed = replace(exchange, body=exchange.body.replace(b"Gr", b"gr").replace(b'"stop"', b'"length"'), reads=())
    write_cassette(after, [changed], provenance=PROVENANCE)
    lines = difflib.unified_diff(before.read_text().splitlines(), after.read_text().splitlines(), n=0, lineterm="")
    kinds = [line[0] for line in lines if not line.startswith(("---", "+++"))]
    assert kinds == ["@", "-", "+", "@", "-", "+"]
