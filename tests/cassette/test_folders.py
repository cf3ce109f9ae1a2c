"""Facts about paths: which files of a folder are read, in which order, and what lies beside them."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path

import pytest

from deltaproof.cassette import Sighting, read_path
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange, Skipped
from tests.cassette.sessions import BODY, HEAD, REQUEST

HEADERS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Tag: a\r\nX-Tag: b\r\n"


def write(folder: Path, **files: str | bytes) -> None:
    """Write files whose names have `__` for `/` and `_` for `.`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def read(path: Path) -> list[tuple[str, str]]:
    """Return each name, relative to the path, with why it was passed over; empty for what was judged."""
    return [named(path, one) for one in read_path(path)]


def named(folder: Path, sighting: Sighting) -> tuple[str, str]:
    """Return the name of a sighting and why it is no exchange."""
    match sighting:
        case Exchange(source=source):
            return source.removeprefix(f"{folder}/"), ""
        case Skipped(source=source, reason=reason):
            return source.removeprefix(f"{folder}/"), reason
        case UnreadableError():
            return sighting.where.removeprefix(f"{folder}/"), f"error: {sighting.what}"


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    """Files and folders take their turn by name, at any depth; all that is not read is named."""
    write(tmp_path, b_sse=BODY, a__z_sse=BODY, a__b__c_SSE=BODY, c_md="# notes", Makefile="all:", notes_txt="hello")
    write(tmp_path, _git__config="[core]", _hidden_sse=BODY, d_yaml="services: {}", e_request_json="{}", f_headers="")
    assert read(tmp_path) == [
        (".git", "hidden"),
        (".hidden.sse", "hidden"),
        ("Makefile", "no extension: not one of a recording"),
        ("a/b/c.SSE", ""),
        ("a/z.sse", ""),
        ("b.sse", ""),
        ("c.md", ".md: not one of a recording"),
        ("d.yaml", "no recording format is recognised"),
        ("e.request.json", "it belongs to a .sse file that is not there"),
        ("f.headers", "it belongs to a .sse file that is not there"),
        ("notes.txt", "no recording format is recognised"),
    ]


def test_request_and_head_lie_beside_a_stream(tmp_path: Path) -> None:
    """`NAME.request.json` and `NAME.headers` are parts of `NAME.sse`, in a folder as on their own."""
    write(tmp_path, a_b_sse=BODY, a_b_request_json=json.dumps(REQUEST), a_b_headers=HEADERS, c_sse=BODY)
    path = tmp_path / "a.b.sse"
    expected = Exchange(source=str(path), body=BODY, request=REQUEST, head=HEAD)
    assert list(read_path(path)) == [expected]
    assert list(read_path(tmp_path)) == [expected, Exchange(source=str(tmp_path / "c.sse"), body=BODY)]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.request.json", "{", ":1:2: not valid JSON: expecting property name enclosed in double quotes"),
        ("a.request.json", "[]", ": a request is a JSON object, and this is none"),
        (
            "a.headers",
            "content-type: text/event-stream\n",
            ": these are no response headers. Write a status line first, such as `HTTP/1.1 200 OK`",
        ),
        ("a.headers", "HTTP/1.1 200 OK\nno header\n", ":2: this is no header line"),
    ],
)
def test_a_damaged_neighbour_is_told_and_the_stream_is_read(
    tmp_path: Path, name: str, content: str, error: str
) -> None:
    """A stream without its request is still a stream, and the damage is an error of its own."""
    (tmp_path / "a.sse").write_bytes(BODY)
    (tmp_path / name).write_text(content)
    told, exchange = read_path(tmp_path)
    assert str(told) == f"{tmp_path / name}{error}"
    assert exchange == Exchange(source=str(tmp_path / "a.sse"), body=BODY)


def test_an_empty_body_with_a_request_beside_it_is_an_empty_answer(tmp_path: Path) -> None:
    """An empty file alone is nothing; with a request it says that a server answered nothing."""
    write(tmp_path, a_sse=b"", b_sse=b"", b_request_json=json.dumps(REQUEST))
    told, exchange = read_path(tmp_path)
    assert str(told) == f"{tmp_path}/a.sse: there is nothing in it"
    assert exchange == Exchange(source=f"{tmp_path}/b.sse", body=b"", request=REQUEST)


def test_a_file_called_sse_is_an_answer_whatever_is_in_it(tmp_path: Path) -> None:
    """Its name says that a stream was asked for, so what came instead is judged; other protocols are not."""
    write(tmp_path, a_sse='{"error": {}}', b_sse="<html>", c_sse='data: {"type":"response.created"}\n\n')
    assert read(tmp_path) == [("a.sse", ""), ("b.sse", ""), ("c.sse", "a Responses API stream")]


def test_a_named_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    """An extension only matters where files are looked for."""
    for name in ("capture.log", "capture", ".hidden", "capture.yaml"):
        (tmp_path / name).write_bytes(BODY)
        assert read(tmp_path / name) == [(str(tmp_path / name), "")]


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """A link out is named, not followed, also one that poses as a part of a stream; links inside are read."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(inside, a_sse=BODY, z__b_sse=BODY)
    write(outside, secret_sse=BODY, secret_json=json.dumps(REQUEST))
    (inside / "b.sse").symlink_to(outside / "secret.sse")
    (inside / "c").symlink_to(outside)
    (inside / "d.sse").symlink_to("a.sse")
    (inside / "e").symlink_to("z")
    (inside / "f.sse").symlink_to("nowhere.sse")
    (inside / "z/loop").symlink_to("..")
    (inside / "z/ring").symlink_to("ring")
    (inside / "a.request.json").symlink_to(outside / "secret.json")
    sightings = list(read_path(inside))
    assert [named(inside, one) for one in sightings] == [
        ("a.request.json", "a link that leads out of the folder"),
        ("a.sse", ""),
        ("b.sse", "a link that leads out of the folder"),
        ("c", "a link that leads out of the folder"),
        ("d.sse", ""),
        ("e", "a link to a folder: what it leads to is read in its own place"),
        ("f.sse", "error: it cannot be read: No such file or directory"),
        ("z/b.sse", ""),
        ("z/loop", "a link to a folder: what it leads to is read in its own place"),
        ("z/ring", "error: it cannot be read: Too many levels of symbolic links"),
    ]
    assert all(one.request is None for one in sightings if isinstance(one, Exchange))


def test_a_folder_can_be_named_by_a_link(tmp_path: Path) -> None:
    """What the operator names is followed; what lies in it counts as inside."""
    write(tmp_path, real__a_sse=BODY)
    (tmp_path / "link").symlink_to("real")
    assert read(tmp_path / "link") == [("a.sse", "")]


def test_folders_may_be_deeper_than_the_stack() -> None:
    """Walking needs no recursion. Pytest's own cleaning up does: the folder is not where pytest would look."""
    top = path = Path(tempfile.mkdtemp())
    try:
        for _ in range(1200):
            path /= "d"
            path.mkdir()
        (path / "a.sse").write_bytes(BODY)
        assert list(read_path(top)) == [Exchange(source=str(path / "a.sse"), body=BODY)]
    finally:
        (path / "a.sse").unlink(missing_ok=True)
        for folder in (path, *path.parents[:1200]):
            folder.rmdir()


def test_pipes_are_read_when_named_and_not_when_found(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever; one that was named has a writer."""
    pipe = tmp_path / "pipe.sse"
    os.mkfifo(pipe)
    assert read(tmp_path) == [("pipe.sse", "no regular file")]
    writer = threading.Thread(target=pipe.write_bytes, args=(BODY,))
    writer.start()
    assert list(read_path(pipe)) == [Exchange(source=str(pipe), body=BODY)]
    writer.join()


def test_what_the_system_refuses_is_an_error(tmp_path: Path) -> None:
    """A missing file, a file in place of a folder, and a file that opens but cannot be read."""
    (tmp_path / "a.sse").write_bytes(BODY)
    refused = {
        tmp_path / "b.sse": "No such file or directory",
        tmp_path / "a.sse" / "c.sse": "Not a directory",
        Path("/proc/self/mem"): "Input/output error",
    }
    for path, why in refused.items():
        assert [str(one) for one in read_path(path)] == [f"{path}: it cannot be read: {why}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not hold for root")
def test_files_and_folders_without_permission_are_errors(tmp_path: Path) -> None:
    """What may not be read is told, and the rest of the folder is read."""
    write(tmp_path, a_sse=BODY, b_sse=BODY, c__d_sse=BODY)
    (tmp_path / "a.sse").chmod(0)
    (tmp_path / "c").chmod(0)
    try:
        assert read(tmp_path) == [
            ("a.sse", "error: it cannot be read: Permission denied"),
            ("b.sse", ""),
            ("c", "error: it cannot be read: Permission denied"),
        ]
    finally:
        (tmp_path / "c").chmod(0o700)


def test_names_that_are_not_utf8_are_written_so_that_any_report_can_hold_them(tmp_path: Path) -> None:
    """A byte that is no text is shown as its number."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.sse"))
    path.write_bytes(BODY)
    assert read(tmp_path) == [(r"\xff.sse", "")]
