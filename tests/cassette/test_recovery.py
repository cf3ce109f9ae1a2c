"""Facts about recordings that are cut off: what had arrived is there after the next start, whatever the moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deltaproof.cassette.journal import Hold, Journal, has_left
from deltaproof.cassette.page_file import RECOVERED, is_recovered
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import End, Exchange
from tests.cassette.journalled import ASKED, KEPT, ROOT, kept, pages, recorded_until_killed
from tests.cassette.sessions import BODY, HEAD

UNMOUNT = ["umount"]


@pytest.mark.parametrize("steps", range(1, 15))
def test_what_had_arrived_before_a_kill_is_there_after_the_next_start(steps: int, tmp_path: Path) -> None:
    """Killed after any step, the recording has all that had come by then, and says how it ended."""
    done = recorded_until_killed(tmp_path, steps)
    closed = done.count("closed")
    left = done[len(done) - done[::-1].index("closed") :] if closed else done
    with Journal(tmp_path) as journal:
        recovered = journal.recover()
    if "open" not in left:
        assert recovered == []
    path = tmp_path / "greeting.yaml"
    entries = kept(path) if path.exists() else []
    assert [(one.body, one.end) for one in entries[:closed]] == [(BODY, End.EOF)] * closed
    assert len(entries) == done.count("open")
    for one, told in zip(entries[closed:], recovered, strict=True):
        body = BODY[: 100 * left.count("read")]
        assert (one.body, one.end, sum(read.size for read in one.reads)) == (body, End.CLIENT_GONE, len(body))
        assert (one.head, one.sent_headers) == (HEAD if "head" in left else None, KEPT.sent_headers)
        assert isinstance(told, Exchange)
        assert told.provenance == {"recovered": RECOVERED, "server": "tiny"}
    assert {path.name for path in tmp_path.iterdir()} <= {"greeting.yaml"}


def test_an_entry_that_was_being_added_when_the_recorder_was_killed_is_there_once(tmp_path: Path) -> None:
    """Whatever part of it had reached the cassette, and also if all had: it is mended, and nothing else is lost."""
    spare = tmp_path / "spare"
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        with Journal(folder) as journal:
            for _ in range(1 if folder == one else 2):
                page = journal.open("greeting", ASKED, {})
                page.head(HEAD)
                page.read(0.001, BODY)
                page.close(End.EOF, 0.002)
    before, after = ((folder / "greeting.yaml").read_bytes() for folder in (one, two))
    with Journal(spare) as journal:  # a page that knows where its entry is going to be, and is not in the cassette yet
        (spare / "greeting.yaml").write_bytes(before)
        page = journal.open("greeting", ASKED, {})
        page.head(HEAD)
        page.read(0.001, BODY)
        (file,) = pages(spare)
        os.link(file, tmp_path / "page")
        page.close(End.EOF, 0.002)
    offset = len(before) - len(b"version: 1\n")
    states = [after[:size] for size in (*range(offset, len(after), 37), len(after) - 3, len(after))]
    states += [before + after[len(before) : size] for size in (*range(len(before), len(after), 37), len(after))]
    for number, state in enumerate(states):
        again = tmp_path / str(number)
        (again / ".journal").mkdir(parents=True)
        (again / "greeting.yaml").write_bytes(state)
        (again / ".journal" / "1.page").write_bytes((tmp_path / "page").read_bytes())
        with Journal(again) as journal:
            journal.recover()
        assert (again / "greeting.yaml").read_bytes() == after, number


def test_a_page_may_break_off_anywhere(tmp_path: Path) -> None:
    """Of a page that the disk had no room for, what is there counts; nothing is made up, and nothing raises."""
    with Journal(tmp_path) as journal:
        page = journal.open("greeting", ASKED, {})
        page.head(HEAD)
        page.read(0.001, BODY[:100])
        page.read(0.002, BODY[100:])
        (file,) = pages(tmp_path)
        content = file.read_bytes()
    for size in range(len(content)):
        folder = tmp_path / str(size)
        (folder / ".journal").mkdir(parents=True)
        (folder / ".journal" / "1.page").write_bytes(content[:size])
        with Journal(folder) as journal:
            (recovered,) = journal.recover()
        assert not (folder / ".journal").exists()
        if isinstance(recovered, Exchange):
            assert BODY.startswith(recovered.body)
            assert kept(folder / "greeting.yaml")[0].body == recovered.body
        else:
            assert recovered.what == "nothing of an exchange was written to this page of the journal"
    assert kept(tmp_path / str(len(content) - 1) / "greeting.yaml")[0].body == BODY


FULL = """
import sys
from pathlib import Path
import resource
from deltaproof.cassette.journal import Journal
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import End
from tests.cassette.journalled import ASKED, BODY, HEAD

folder = Path(sys.argv[1])
journal = Journal(folder)
page = journal.open("greeting", ASKED, {})
page.head(HEAD)
page.read(0.001, BODY)
page.close(End.EOF, 0.002)
page = journal.open("greeting", ASKED, {})
page.head(HEAD)
page.read(0.001, BODY[:100])
size = next((folder / ".journal").iterdir()).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, -1))
page.read(0.002, BODY[100:])
try:
    page.close(End.EOF, 0.003)
except DeltaproofError as error:
    print(error)
"""


def test_a_full_disk_loses_what_it_had_no_room_for_and_nothing_else(tmp_path: Path) -> None:
    """The reads pass on, the end tells; the cassette stays whole, and the next start adds what was written."""
    run = subprocess.run([sys.executable, "-c", FULL, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    path = tmp_path / "greeting.yaml"
    assert run.stdout == f"{path}: the cassette cannot be written: File too large. Choose another path\n"
    assert [one.body for one in kept(path)] == [BODY]
    with Journal(tmp_path) as journal:
        (recovered,) = journal.recover()
    assert isinstance(recovered, Exchange)
    first, second = kept(path)
    assert (first.body, first.end) == (BODY, End.EOF)
    assert BODY.startswith(second.body)
    assert 100 <= len(second.body) < len(BODY)
    assert second.end is End.CLIENT_GONE
    assert [path.name for path in tmp_path.iterdir()] == ["greeting.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_really_full_disk_is_told_and_leaves_the_cassette_as_it_was(tmp_path: Path) -> None:
    """On a disk of 64 KiB the entry that has no room costs none of those before it, and none that comes after it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        with Journal(disk) as journal:
            page = journal.open("greeting", ASKED, {})
            page.read(0.001, BODY)
            page.close(End.EOF)
            before = (disk / "greeting.yaml").read_bytes()
            page = journal.open("greeting", ASKED, {})
            for number in range(100):
                page.read(number / 1000, b"data: 0123456789\n\n" * 100)
            with pytest.raises(DeltaproofError, match="No space left on device"):
                page.close(End.EOF)
            assert (disk / "greeting.yaml").read_bytes() == before
            for path in pages(disk):
                path.unlink()
            page = journal.open("greeting", ASKED, {})
            page.read(0.001, BODY)
            page.close(End.EOF)
        assert [one.body for one in kept(disk / "greeting.yaml")] == [BODY, BODY]
    finally:
        subprocess.run([*UNMOUNT, disk], check=True)


def test_what_is_left_of_another_cassette_stays_where_one_is_named(tmp_path: Path) -> None:
    """Until its own turn; and it is told of which cassette there is something left, but not while its recorder lives."""
    recorded_until_killed(tmp_path, 2)
    (page,) = pages(tmp_path)
    with Journal(tmp_path, hold=Hold.SHARED) as journal:
        assert journal.recover("other") == []
        assert pages(tmp_path) == [page]
        assert [has_left(tmp_path / name) for name in ("other.yaml", "greeting.yaml")] == [False, True]
        (told,) = journal.recover("greeting")
        assert isinstance(told, Exchange)
        assert is_recovered(told)
        assert (pages(tmp_path), has_left(tmp_path / "greeting.yaml")) == ([], False)
        journal.open("greeting", ASKED, {})
        assert (len(pages(tmp_path)), has_left(tmp_path / "greeting.yaml")) == (1, False)
