"""Facts about recorders that share a folder: none loses or takes what another one is writing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deltaproof.cassette.append import version_of
from deltaproof.cassette.journal import Hold, Journal
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import End, Exchange
from tests.cassette.journalled import ASKED, KEPT, kept, pages, recorded_until_killed
from tests.cassette.sessions import BODY, HEAD

WRITER = """
import sys
from pathlib import Path
from deltaproof.cassette.journal import Hold, Journal
from tests.cassette.journalled import ASKED, BODY, HEAD
from deltaproof.exchange import End

with Journal(Path(sys.argv[1]), hold=Hold.SHARED) as journal:
    print("begun", flush=True)
    sys.stdin.readline()
    for _ in range(25):
        assert journal.recover() == []
        page = journal.open("greeting", ASKED, {"by": sys.argv[2]})
        page.head(HEAD)
        page.read(0.001, BODY)
        page.close(End.EOF, 1.0)
"""


def test_four_processes_add_to_one_cassette(tmp_path: Path) -> None:
    """Each looks for what dead ones have left, as often as it writes; in the end all is there once, and nothing else."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
    for writer in writers:
        writer.communicate(b"\n", timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 4
    found = kept(tmp_path / "greeting.yaml")
    assert [one.entry for one in found] == list(range(100))
    assert {(one.body, one.end, one.sent_headers) for one in found} == {(BODY, End.EOF, KEPT.sent_headers)}
    assert [path.name for path in tmp_path.iterdir()] == ["greeting.yaml"]


def test_who_shares_a_folder_recovers_what_a_dead_recorder_left_and_nothing_else(tmp_path: Path) -> None:
    """The page of one that lives stays, and becomes its entry."""
    recorded_until_killed(tmp_path, 4)
    with Journal(tmp_path, hold=Hold.SHARED) as living, Journal(tmp_path, hold=Hold.SHARED) as other:
        page = living.open("greeting", ASKED, {})
        page.head(HEAD)
        (recovered,) = other.recover()
        assert isinstance(recovered, Exchange)
        assert recovered.end is End.CLIENT_GONE
        assert len(pages(tmp_path)) == 1
        assert page.close(End.EOF, 1.0).entry == 1
    assert [one.end for one in kept(tmp_path / "greeting.yaml")] == [End.CLIENT_GONE, End.EOF]
    assert [path.name for path in tmp_path.iterdir()] == ["greeting.yaml"]


def test_a_page_that_goes_while_it_is_looked_for_is_no_trouble(tmp_path: Path) -> None:
    """Its own recorder is done with it: there is nothing to recover, and nothing to complain of."""
    with Journal(tmp_path, hold=Hold.SHARED) as at_work, Journal(tmp_path, hold=Hold.SHARED) as other:

        def record() -> None:
            for _ in range(15):
                for page in [at_work.open("greeting", ASKED, {}) for _ in range(20)]:
                    page.head(HEAD)
                    page.close(End.EOF, 1.0)

        thread = threading.Thread(target=record)
        thread.start()
        while thread.is_alive():
            assert other.recover("farewell") == []
        thread.join()
    assert len(kept(tmp_path / "greeting.yaml")) == 300


@pytest.mark.parametrize("damaged", [b"<<<<<<< ours\ninteractions:\n", b"interactions:\n- request:\n    uri: ht"])
def test_what_is_renewed_may_be_damaged(damaged: bytes, tmp_path: Path) -> None:
    """It stays as it is until an exchange is kept, and then makes way."""
    path = tmp_path / "greeting.yaml"
    path.write_bytes(damaged)
    was = version_of(path)
    assert was is not None
    with Journal(tmp_path) as journal:
        journal.renew("greeting", was)
        page = journal.open("greeting", ASKED, {})
        assert path.read_bytes() == damaged
        assert page.close(End.EOF, 1.0).entry == 0
    assert [found.end for found in kept(path)] == [End.EOF]


@pytest.mark.parametrize(("first", "second"), [(Hold.SHARED, Hold.ALONE), (Hold.ALONE, Hold.SHARED)])
def test_who_wants_a_folder_alone_does_not_share_it(first: Hold, second: Hold, tmp_path: Path) -> None:
    """Whoever comes second is told."""
    with Journal(tmp_path, hold=first), pytest.raises(DeltaproofError) as caught:
        Journal(tmp_path, hold=second)
    assert str(caught.value) == (
        f"{tmp_path}: another recorder is at work in this folder. End it, or choose another folder"
    )


def test_of_several_that_renew_a_cassette_one_does(tmp_path: Path) -> None:
    """What was there before goes, and what the other has recorded by then stays."""
    with Journal(tmp_path) as journal:
        journal.open("greeting", ASKED, {}).close(End.RESET, 1.0)
    with Journal(tmp_path, hold=Hold.SHARED) as one, Journal(tmp_path, hold=Hold.SHARED) as other:
        was = version_of(tmp_path / "greeting.yaml")
        assert was is not None
        one.renew("greeting", was)
        other.renew("greeting", was)
        one.renew("another", was)
        assert [found.end for found in kept(tmp_path / "greeting.yaml")] == [End.RESET]
        assert one.open("greeting", ASKED, {}).close(End.CUT, 1.0).entry == 0
        assert other.open("greeting", ASKED, {}).close(End.EOF, 1.0).entry == 1
        assert one.open("another", ASKED, {}).close(End.EOF, 1.0).entry == 0
    assert [found.end for found in kept(tmp_path / "greeting.yaml")] == [End.CUT, End.EOF]
