"""Facts about recordings that cannot be read: each is an error that says where and why, and hides nothing else."""

from __future__ import annotations

import copy
import json
import zlib
from pathlib import Path

import pytest
import yaml

from deltaproof.cassette import Sighting, paths, read_bytes, read_path
from deltaproof.cassette.coding import LIMIT
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange
from tests.cassette.sessions import (
    BODY,
    CHUNKS,
    GO_VCR_1,
    GZIPPED,
    HAR_REQUEST,
    HTTPMOCK,
    OWN,
    RESPONSE,
    RUBY_VCR,
    URL,
    VCRPY_REQUEST,
)

INTERACTION = {"request": VCRPY_REQUEST, "response": RESPONSE}
VCRPY = yaml.safe_dump({"interactions": [INTERACTION, copy.deepcopy(INTERACTION)], "version": 1})
RUBY = RUBY_VCR.replace("BODY", f"encoding: UTF-8\n      string: {json.dumps(BODY.decode())}")


def told(sightings: list[Sighting]) -> list[str]:
    """Return what was found: errors as their sentence, exchanges by their entry."""
    return [f"exchange {one.entry}" if isinstance(one, Exchange) else str(one) for one in sightings]


def read(content: str | bytes, source: str = "-") -> list[str]:
    """Read bytes and return what was found."""
    return told(list(read_bytes(content if isinstance(content, bytes) else content.encode(), source)))


def encoded(body: bytes, coding: str) -> bytes:
    """Return a vcrpy cassette with one body that has a content encoding."""
    response = {**RESPONSE, "body": {"string": body}, "headers": {"content-encoding": [coding]}}
    return yaml.safe_dump(
        {"interactions": [{"request": VCRPY_REQUEST, "response": response}], "version": 1}, encoding="utf-8"
    )


TRUNCATED = "the recording is cut short or damaged"
FIRST_ENTRY = "-:2 (entry 0)"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", "-: there is nothing in it", id="empty"),
        pytest.param(
            "interactions:\n- request: [",
            "-:3:1: not valid YAML: while parsing a flow node did not find expected node content",
            id="yaml-syntax",
        ),
        pytest.param(
            b"interactions:\n- a: \xff\n",
            "-:2:6: not valid YAML: invalid leading UTF-8 octet",
            id="yaml-not-utf8",
        ),
        pytest.param(
            "interactions:\n- a: \x00\n",
            "-:2:6: not valid YAML: control characters are not allowed",
            id="yaml-control-character",
        ),
        pytest.param(
            '{"log":\n {"entries": [}}',
            "-:2:15: not valid JSON: expecting value",
            id="json-syntax",
        ),
        pytest.param(b'{"log":\n"\xff"}', "-:2:2: not valid UTF-8: invalid start byte", id="json-not-utf8"),
        pytest.param('{"a":' * 100_000, "-:1: the JSON is nested too deeply", id="json-nesting"),
        pytest.param("[" * 100_000, "-:1: the JSON is nested too deeply", id="json-list-nesting"),
        pytest.param(
            "interactions:\n- " + "[" * 400,
            "-:2:104: nested more than 100 levels deep: it is not read",
            id="yaml-nesting",
        ),
        pytest.param(
            CHUNKS[0] + "\n" + CHUNKS[1][:-9],
            "-:2:138: not valid JSON: expecting value",
            id="json-lines-cut",
        ),
        pytest.param(CHUNKS[0] + "\n17\n", "-:2: this line is neither a chunk nor a list of chunks", id="odd-line"),
        pytest.param(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n",
            "-: the head of the response is cut short: no empty line ends it",
            id="head-cut",
        ),
        pytest.param("HTTP/1.1 200 OK\nnonsense\n\n", "-:2: this is no header line", id="head-damaged"),
        pytest.param(
            "interactions:\n- request: 5\nversion: 1\n",
            f"{FIRST_ENTRY}: request is a number, not a mapping",
            id="vcrpy-no-request",
        ),
        pytest.param(
            f"version: 1\ninteractions:\n- request:\n    url: {URL}\n    method: POST\n",
            "-:3 (entry 0): response is missing, not a mapping",
            id="go-vcr-no-response",
        ),
        pytest.param(
            GO_VCR_1[: GO_VCR_1.index("[DONE]")],
            f"-:4 (entry 0): response.code is missing, not a status code: {TRUNCATED}",
            id="go-vcr-cut-in-the-body",
        ),
        pytest.param(
            RUBY[: RUBY.index("  recorded_at")],
            "-:25:1: the file is cut short: `recorded_with` is missing, which stands beside `http_interactions`",
            id="ruby-vcr-cut",
        ),
        pytest.param(
            HTTPMOCK[: HTTPMOCK.index("then:")],
            "-:2 (entry 0): `then` is missing: the file is cut short or damaged",
            id="httpmock-cut",
        ),
        pytest.param(
            "when:\n  path: /v1/chat/completions\nthen:\n  status: 200\n  body_base64: 'xyz'\n",
            "-:2 (entry 0): then.body_base64 is not base64: incorrect padding",
            id="bad-base64",
        ),
        pytest.param(
            "interactions:\n- response:\n    body: !!binary '%%%'\n",
            "-:3:11: the binary value is not base64: only base64 data is allowed",
            id="bad-binary",
        ),
        pytest.param(
            json.dumps({"log": {"entries": [{"request": HAR_REQUEST, "response": {"status": "no"}}]}}),
            f"- (entry 0): response.status is text, not a status code: {TRUNCATED}",
            id="har-status",
        ),
        pytest.param(
            OWN.replace("12.5 100", "12.5 101"),
            f"{FIRST_ENTRY}: response.stream.reads count {len(BODY) + 1} bytes, and the body has {len(BODY)}."
            " If the body was edited on purpose, remove its `reads`",
            id="own-reads",
        ),
        pytest.param(
            OWN.replace("12.5 100", "soon 100"),
            f"{FIRST_ENTRY}: response.stream.reads has 'soon 100', not milliseconds and bytes as in `12.031 203`",
            id="own-read",
        ),
        pytest.param(
            OWN.replace("end: reset", "end: happy"),
            f"{FIRST_ENTRY}: response.stream.end is 'happy', none of eof, cut, reset, timeout, client-gone",
            id="own-end",
        ),
        pytest.param(
            OWN.replace("end: reset", "answer: '{'\n      end: reset"),
            f"{FIRST_ENTRY}: response.stream.answer: not valid JSON: expecting property name enclosed in double quotes",
            id="own-answer-broken",
        ),
        pytest.param(
            OWN.replace("end: reset", "answer: '[]'\n      end: reset"),
            f"{FIRST_ENTRY}: response.stream.answer is a list, not a mapping",
            id="own-answer-list",
        ),
        pytest.param(
            encoded(GZIPPED[:-9], "gzip"),
            f"{FIRST_ENTRY}: the body is gzip-encoded and ends early: it is cut short or damaged",
            id="gzip-cut",
        ),
        pytest.param(
            encoded(GZIPPED[:10] + b"\xff" * 40, "gzip"),
            f"{FIRST_ENTRY}: the body is not valid gzip: Error -3 while decompressing data: invalid block type",
            id="gzip-damaged",
        ),
        pytest.param(
            encoded(b"\x89PNG", "gzip"),
            f"{FIRST_ENTRY}: the body is not valid gzip: Error -3 while decompressing data: incorrect header check",
            id="no-gzip-at-all",
        ),
        pytest.param(
            BODY.decode().encode("utf-16"),
            "-: the file is UTF-16, which no recorder writes."
            " PowerShell's `>` writes it; let curl write the file itself with `-o`",
            id="utf-16",
        ),
    ],
)
def test_an_error_says_where_and_why(content: str | bytes, expected: str) -> None:
    """Line and column for what does not parse, line and entry for what makes no sense."""
    assert read(content) == [expected]


FORMATS = (
    "Known are event streams with or without their head, VCR cassettes (vcrpy, go-vcr, ruby-vcr, httpmock), HAR files, "
    "and JSON lines or lists of chunks"
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<html></html>", "it begins like none"),
        (b"\x1f\x8b\x08\x00", "it begins like none"),
        ("[1, 2]", "it is JSON, but no cassette, HAR file or list of chunks"),
        ('{"error": {}}', "no key at its top level is that of one"),
        ("version: 3\nservices: {a: 1}\n", "no key at its top level is that of one"),
        ('{"a": 1}\n{"a": 2}\n', "its lines are JSON, but no chunks"),
    ],
)
def test_what_is_no_recording_is_an_error_when_it_was_named(content: str | bytes, why: str) -> None:
    """Whoever names a file expects it to be read, so the error says what would be."""
    assert read(content) == [f"-: no recording format is recognised: {why}. {FORMATS}"]


def test_a_cassette_that_is_cut_short_is_never_a_shorter_one() -> None:
    """Wherever a file of vcrpy's ends too early there is an error, and no exchange that was not complete."""
    content = VCRPY.encode()
    start_of_second = content.index(b"- request", content.index(b"- request") + 1)
    for stop in range(1, len(content) - 3, 7):
        *before, last = read(content[:stop], "a.yaml")
        assert last.startswith("a.yaml"), (stop, last)
        assert before in ([], ["exchange 0"]), stop
        assert not before or stop > start_of_second, stop


def test_one_bad_entry_does_not_hide_the_others() -> None:
    """What is wrong with an interaction is told in its place, between those that can be read."""
    entries = yaml.safe_load(VCRPY)["interactions"]
    content = yaml.safe_dump({"interactions": [entries[0], {"request": None}, entries[1]], "version": 1})
    line = content[: content.index("- request: null")].count("\n") + 1
    assert read(content) == ["exchange 0", f"-:{line} (entry 1): request is missing, not a mapping", "exchange 2"]


def test_what_was_read_before_a_syntax_error_is_kept() -> None:
    """A complete entry counts, also when the next one breaks off."""
    cut = VCRPY[: VCRPY.rindex("  response:")] + "  'oops"
    assert read(cut) == [
        "exchange 0",
        f"-:{len(cut.splitlines())}:8: not valid YAML: while scanning a quoted scalar found unexpected end of stream",
    ]


class TestBombs:
    """Facts about files that are small to store and enormous to read."""

    def test_a_body_may_not_decode_to_more_than_the_limit(self) -> None:
        """Decoding stops where the limit is passed."""
        bomb = zlib.compress(b"data: {}\n\n" * (LIMIT // 10 + 1))
        assert len(bomb) < LIMIT // 500
        assert read(encoded(bomb, "deflate")) == [
            f"{FIRST_ENTRY}: the body decodes to more than 64 MiB: it is not read"
        ]

    def test_encodings_upon_encodings_are_limited_too(self) -> None:
        """The limit holds for each of several encodings."""
        bomb = zlib.compress(zlib.compress(b"data: {}\n\n" * (LIMIT // 10 + 1)))
        assert read(encoded(bomb, "deflate, deflate")) == [
            f"{FIRST_ENTRY}: the body decodes to more than 64 MiB: it is not read"
        ]

    def test_aliases_of_aliases_are_refused(self) -> None:
        """A billion laughs are counted, not laughed."""
        lines = ["interactions:", "- a: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
        lines += [f"  b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(30)]
        assert read("\n".join(lines)) == ["-:8:42: aliases stand for more than 16 MiB: it is not read"]

    def test_an_alias_cannot_hold_itself(self) -> None:
        """A loop is no value."""
        assert read("interactions:\n- &a [*a]\n") == ["-:2:7: the alias *a names nothing that is complete"]

    def test_one_entry_may_not_have_any_number_of_values(self) -> None:
        """Lists of nothing cost more than their text."""
        content = "interactions:\n- [" + "1," * 200_001 + "]"
        assert read(content) == ["-:2:400002: one entry has more than 200,000 values: it is not read"]

    def test_json_may_not_have_any_number_of_brackets(self) -> None:
        """Each bracket costs many times its own byte."""
        content = b"[" + b"[]," * 16_000_000 + b"[]]"
        assert read(content) == ["-: the JSON has more than 16,000,000 brackets: it is not read"]

    def test_a_head_may_not_be_longer_than_any_client_would_take(self) -> None:
        """Lines that continue the line before would otherwise cost their square."""
        content = b"HTTP/1.1 200 OK\na: b\n" + b" c\n" * 100_000 + b"\n" + BODY
        assert read(content) == ["-: the head has more than 256 KiB: it is not read"]

    def test_a_file_may_not_be_larger_than_the_limit(self, tmp_path: Path) -> None:
        """The size is looked at before anything is read."""
        path = tmp_path / "huge.sse"
        with path.open("wb") as file:
            file.truncate(paths.LIMIT + 1)
        assert told(list(read_path(path))) == [f"{path}: it has more than 256 MiB: it is not read"]

    def test_what_has_no_size_is_read_up_to_the_limit(self) -> None:
        """A device that never ends does not fill the memory."""
        assert told(list(read_path(Path("/dev/zero")))) == ["/dev/zero: it has more than 256 MiB: it is not read"]


def test_no_object_can_come_out_of_a_file() -> None:
    """Tags are ignored: what would run code is plain text here, and what it stands in is judged as such."""
    content = OWN.replace("method: POST", 'method: !!python/object/apply:os.system ["exit 1"]')
    (sighting,) = read_bytes(content.encode(), "-")
    assert isinstance(sighting, Exchange)
    assert sighting.method == ""


def test_reading_a_folder_never_raises(tmp_path: Path) -> None:
    """Every broken file of a folder is told, and the good one between them is read."""
    for name, content in {"a.yaml": "[", "b.sse": BODY.decode(), "c.json": "{", "d.jsonl": "", "e.har": "\x00"}.items():
        (tmp_path / name).write_text(content)
    assert told(list(read_path(tmp_path))) == [
        f"{tmp_path}/a.yaml:2:1: not valid YAML: while parsing a flow node did not find expected node content",
        "exchange 0",
        f"{tmp_path}/c.json:1:2: not valid JSON: expecting property name enclosed in double quotes",
        f"{tmp_path}/d.jsonl: there is nothing in it",
        f"Skipped(source='{tmp_path}/e.har', reason='no recording format is recognised', entry=None, notes=())",
    ]


def test_errors_are_values() -> None:
    """The fields of an error are kept apart, for reports that are not text."""
    (error,) = read_bytes(b"interactions: {", "-")
    assert isinstance(error, UnreadableError)
    assert (error.where, error.hint) == ("-:2:1", "")
