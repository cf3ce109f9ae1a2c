"""Facts about recording: each exchange becomes an entry, no secret is ever on the disk, one recorder has a folder."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.cassette.journal import Journal
from deltaproof.cassette.page_file import read_page
from deltaproof.errors import DeltaproofError, RefusedError, UnreadableError
from deltaproof.exchange import End, Head, Read
from tests.cassette.journalled import ASKED, KEPT, kept, pages, recorded_until_killed
from tests.cassette.recorded import PROVENANCE, as_read
from tests.cassette.sessions import BODY, HEAD


def test_an_exchange_that_ends_is_an_entry_of_its_cassette(tmp_path: Path) -> None:
    """Page after page goes to the cassette that it was opened for; of the journal nothing is left."""
    with Journal(tmp_path) as journal:
        for number in range(3):
            page = journal.open("greeting", ASKED, PROVENANCE)
            page.head(HEAD)
            page.read(0.001, BODY[:100])
            page.read(0.002, BODY[100:])
            expected = replace(
                KEPT,
                source=str(tmp_path / "greeting.yaml"),
                entry=number,
                reads=(Read(0.001, 100), Read(0.002, len(BODY) - 100)),
                end=End.RESET,
                ended=0.004,
            )
            assert page.close(End.RESET, 0.004) == expected
            assert kept(tmp_path / "greeting.yaml")[-1] == expected
    assert [path.name for path in tmp_path.iterdir()] == ["greeting.yaml"]


def test_two_hundred_pages_at_once_are_not_mixed_up(tmp_path: Path) -> None:
    """Each has its own reads, in whatever order they come and end; a third of them is broken off."""
    with Journal(tmp_path) as journal:
        opened = [journal.open(f"c{number % 7}", ASKED, {}) for number in range(200)]
        for page in opened:
            page.head(HEAD)
        for part in range(3):
            for number, page in enumerate(opened):
                page.read(part / 1000, f"data: {number}.{part}\n\n".encode())
        for number, page in reversed(list(enumerate(opened))):
            page.close(End.CUT if number % 3 == 0 else End.EOF, 0.005)
    found = [one for name in range(7) for one in kept(tmp_path / f"c{name}.yaml")]
    told = {one.body: (one.end, int(one.source[-6])) for one in found}
    assert len(found) == 200
    assert told == {
        "".join(f"data: {number}.{part}\n\n" for part in range(3)).encode(): (
            End.CUT if number % 3 == 0 else End.EOF,
            number % 7,
        )
        for number in range(200)
    }


def test_a_page_is_made_where_the_folder_of_pages_goes_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that closed the last page removes it between two steps of the one that opens the next."""
    make = os.mkdir

    def make_and_lose(path: Path, mode: int = 0o777) -> None:
        try:
            make(path, mode)
        except FileExistsError:
            path.rmdir()
            raise

    with Journal(tmp_path) as journal:
        (tmp_path / ".journal").mkdir()
        monkeypatch.setattr(os, "mkdir", make_and_lose)
        journal.open("greeting", ASKED, PROVENANCE).close(End.CUT, 0.0)
    assert [one.end for one in kept(tmp_path / "greeting.yaml")] == [End.CUT]
    assert [path.name for path in tmp_path.iterdir()] == ["greeting.yaml"]


def test_two_recorders_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is told at once, and may have the folder when the first is through, or dead."""
    with Journal(tmp_path), pytest.raises(DeltaproofError) as caught:
        Journal(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: another recorder is at work in this folder. End it, or choose another folder"
    )
    recorded_until_killed(tmp_path, 3)
    Journal(tmp_path).close()


@pytest.mark.parametrize(
    "name", ["../x", "../../etc/x", "/etc/x", "", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "x" * 241]
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    """A name that may lead elsewhere, or is too long for a file's, is refused."""
    with Journal(tmp_path / "in") as journal, pytest.raises(RefusedError):
        journal.open(name, ASKED, {})
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    """A cassette, a page and the journal that are links are neither written nor read."""
    folder, outside = tmp_path / "in", tmp_path / "out.yaml"
    folder.mkdir()
    outside.write_text("interactions: []\nversion: 1\n")
    (folder / "greeting.yaml").symlink_to(outside)
    (folder / ".journal").mkdir()
    (folder / ".journal" / "1.page").symlink_to(outside)
    with Journal(folder) as journal:
        (recovered,) = journal.recover()
        assert isinstance(recovered, DeltaproofError)
        with pytest.raises(DeltaproofError, match="Too many levels of symbolic links"):
            journal.open("greeting", ASKED, {})
    assert outside.read_text() == "interactions: []\nversion: 1\n"


def test_what_is_no_page_stays_where_it_is(tmp_path: Path) -> None:
    """What a stranger put there is named, not used and not removed."""
    (tmp_path / ".journal").mkdir()
    page = tmp_path / ".journal" / "1.page"
    page.write_bytes(b'{"cassette": "greeting", "bytes": 0}\n\n')
    with Journal(tmp_path) as journal:
        (recovered,) = journal.recover()
    assert isinstance(recovered, UnreadableError)
    assert recovered.where == str(page)
    assert page.exists()


@pytest.mark.parametrize(
    "content",
    [b"interactions:\n- request: {}\n", b"[]\n", b"a: 1\nversion: 1\n", b"interactions:\n- a: 1\nversion: 1"],
    ids=["cut", "json", "no-list", "no-last-line-break"],
)
def test_nothing_is_added_to_what_is_no_cassette(content: bytes, tmp_path: Path) -> None:
    """It is told before anything is asked for, and the file stays as it is."""
    path = tmp_path / "greeting.yaml"
    path.write_bytes(content)
    with Journal(tmp_path) as journal, pytest.raises(DeltaproofError, match="no entry can be added to it"):
        journal.open("greeting", ASKED, {})
    assert path.read_bytes() == content


def test_no_secret_is_in_the_journal_at_any_moment(tmp_path: Path) -> None:
    """Read byte by byte, its page never has a part of a secret that would tell of it; and what is none is there at once."""
    secret = b"sk-hush-hush-hush-1"
    body = b'data: {"content":"the key is ' + secret + b'"}\n\ndata: {"content":"fine"}\n\n'
    with Journal(tmp_path) as journal:
        page = journal.open("greeting", ASKED, {})
        page.head(HEAD)
        (file,) = pages(tmp_path)
        for at in range(len(body)):
            page.read(at / 1000, body[at : at + 1])
            assert b"hush" not in file.read_bytes()
        found = read_page(file.read_bytes(), "")
        assert found is not None
        assert found.exchange.body == body.replace(secret, b"*" * len(secret))
        page.read(1.0, b"an ordinary tail }")
        found = read_page(file.read_bytes(), "")
        assert found is not None
        assert found.exchange.body.endswith(b"an ordinary tail }")
        exchange = page.close(End.EOF)
    assert exchange.body == body.replace(secret, b"*" * len(secret)) + b"an ordinary tail }"
    assert b"hush" not in (tmp_path / "greeting.yaml").read_bytes()


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
@pytest.mark.parametrize("secret", ["sk-hush-hush-hush-1", "nothing"])
@pytest.mark.parametrize("closed", ["closed", "killed"])
def test_a_compressed_body_is_journalled_as_sent_unless_there_is_a_secret_in_it(
    size: int, secret: str, closed: str, tmp_path: Path
) -> None:
    """With a secret it is kept decoded, and its head says so; in the journal there is none of it, not even compressed."""
    text = "".join(f'data: {{"content":"{number * 7919}"}}\n\n' for number in range(30))
    body = (text + f'data: {{"content":"{secret}"}}\n\n' + text).encode()
    packed = gzip.compress(body, mtime=0)
    head = Head(200, (("content-encoding", "gzip"), ("content-length", str(len(packed)))))
    journal = Journal(tmp_path)
    page = journal.open("greeting", ASKED, {})
    page.head(head)
    for at in range(0, len(packed), size):
        page.read(at / 1000, packed[at : at + size])
    if closed == "closed":
        page.close(End.EOF)
    else:
        (file,) = pages(tmp_path)
        content = file.read_bytes()
        assert b"hush" not in content
        journal.close()
        with Journal(tmp_path) as another:
            another.recover()
    (found,) = kept(tmp_path / "greeting.yaml")
    if secret == "nothing":
        assert (found.body, found.head) == (packed, head)
    else:
        assert found.body == body.replace(secret.encode(), b"*" * len(secret))
        assert found.head is not None
        assert found.head.get("content-encoding") is None
        if closed == "closed":
            assert found.head == Head(200, (("content-length", str(len(body))),))
    assert sum(read.size for read in found.reads) == len(found.body)


def test_an_entry_costs_what_it_costs_however_long_the_cassette_is(tmp_path: Path) -> None:
    """Adding to a cassette of many entries reads and writes no more bytes than adding to one of few."""
    costs = []
    with Journal(tmp_path) as journal:
        for number in range(60):
            page = journal.open("greeting", ASKED, {})
            page.head(HEAD)
            page.read(0.001, BODY)
            before = io_bytes()
            page.close(End.EOF)
            if number in {1, 59}:
                costs.append(tuple(now - then for now, then in zip(io_bytes(), before, strict=True)))
    assert (tmp_path / "greeting.yaml").stat().st_size > 50_000
    assert all(abs(now - then) < 6000 for then, now in zip(*costs, strict=True)), costs


def io_bytes() -> tuple[int, int]:
    """Return how many bytes this process has read and written so far, as Linux counts system calls."""
    path = Path("/proc/self/io")
    if not path.exists():
        pytest.skip("only Linux counts the bytes of a process")
    told = dict(line.split(": ") for line in path.read_text().splitlines())
    return int(told["rchar"]), int(told["wchar"])


def test_a_record_of_the_cassette_reads_as_before(tmp_path: Path) -> None:
    """What comes out of the journal is what a cassette written whole would say."""
    with Journal(tmp_path) as journal:
        page = journal.open("greeting", ASKED, PROVENANCE)
        page.head(HEAD)
        page.read(0.0125, BODY)
        given = page.close(End.EOF, 0.5)
    (found,) = kept(tmp_path / "greeting.yaml")
    assert as_read(found) == as_read(given)


def test_a_request_that_comes_while_an_entry_is_written_is_kept_too(tmp_path: Path) -> None:
    """A cassette to which an entry is just being added looks cut short; that keeps nobody from recording into it."""
    cassette = tmp_path / "busy.yaml"
    with Journal(tmp_path) as journal:
        journal.open("busy", ASKED, PROVENANCE).close(End.EOF)
        whole = cassette.read_bytes()
        first = journal.open("busy", ASKED, PROVENANCE)
        cassette.write_bytes(whole[:-5])  # as far as one of several writes has come
        second = journal.open("busy", ASKED, PROVENANCE)
        cassette.write_bytes(whole)
        entries = [page.close(End.EOF).entry for page in (first, second)]
    assert entries == [1, 2]
    assert len(kept(cassette)) == 3
