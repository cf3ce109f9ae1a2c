"""Facts about adding to a cassette: it says what one written whole would say, and one that is cut is never taken for one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import vcr.record_mode
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.cassette import append_cassette, read_kept, write_cassette
from deltaproof.cassette.modes import RecordMode
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange, Skipped
from tests.cassette.recorded import PROVENANCE, exchanges
from tests.cassette.sessions import BODY, OWN_ENTRY
from tests.cassette.valid import validate


@given(written=st.lists(exchanges(), min_size=1, max_size=4))
def test_what_is_added_one_by_one_is_what_is_written_at_once(
    written: list[Exchange], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """To the byte; and each is told its place."""
    folder = tmp_path_factory.mktemp("cassette")
    write_cassette(folder / "whole.yaml", written, provenance=PROVENANCE)
    places = [append_cassette(folder / "new" / "a.yaml", one, provenance=PROVENANCE) for one in written]
    assert places == list(range(len(written)))
    assert (folder / "new" / "a.yaml").read_bytes() == (folder / "whole.yaml").read_bytes()
    validate(folder / "whole.yaml")


def test_an_empty_cassette_and_one_of_vcrpy_can_be_added_to(tmp_path: Path) -> None:
    """What stands there stays to the byte."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [], provenance={})
    assert append_cassette(path, OWN_ENTRY, provenance={}) == 0
    foreign = (
        "interactions:\n- request:\n    body: null\n    headers: {}\n    method: GET\n    uri: http://x/\n"
        "  response:\n    body:\n      string: hello\n    headers: {}\n    status:\n      code: 200\n      message: OK\n"
    )
    path.write_text(foreign + "version: 1\n")
    assert append_cassette(path, OWN_ENTRY, provenance={}) == 1
    assert path.read_text().startswith(foreign)
    found = list(read_kept(path))
    assert [one.body for one in found if isinstance(one, Exchange)] == [b"hello", BODY]


def test_a_body_that_looks_like_a_cassette_is_no_entry(tmp_path: Path) -> None:
    """Entries are counted by what stands at the beginning of a line, where no body can stand."""
    path = tmp_path / "a.yaml"
    body = b"interactions:\n- request:\n- request:\nversion: 1\n"
    for number in range(3):
        assert append_cassette(path, replace(OWN_ENTRY, body=body, reads=()), provenance={}) == number
    assert [one.body for one in read_kept(path) if isinstance(one, Exchange)] == [body] * 3


def test_a_cassette_that_is_cut_anywhere_is_an_error_that_says_where(tmp_path: Path) -> None:
    """Never an empty one, nor one that ends well; from `version:` on no entry is concerned, but none can be added."""
    path = tmp_path / "a.yaml"
    crlf = replace(OWN_ENTRY, body=BODY.replace(b"\n", b"\r\n"), reads=())
    write_cassette(path, [OWN_ENTRY, crlf, replace(OWN_ENTRY, body=b"\xff\xfe", reads=())], provenance=PROVENANCE)
    whole = path.read_bytes()
    for size in (*range(20), *range(20, len(whole) - 20, 7), *range(len(whole) - 20, len(whole))):
        path.write_bytes(whole[:size])
        found = list(read_kept(path))
        errors = [one for one in found if isinstance(one, UnreadableError)]
        assert errors or (size >= len(whole) - 3 and len(found) == 3), (size, found)
        assert all(one.where.startswith(str(path)) and one.what for one in errors)
        assert not any(isinstance(one, Skipped) for one in found)
        if size:
            with pytest.raises(DeltaproofError, match="no entry can be added to it"):
                append_cassette(path, OWN_ENTRY, provenance={})
            assert path.read_bytes() == whole[:size]


def test_the_record_modes_are_those_of_vcrpy_and_one_of_pytest_recording() -> None:
    """Who knows them from there finds them here; vcrpy's `any` says of itself that nobody knows what it is."""
    assert {mode.value for mode in RecordMode} == {mode.value for mode in vcr.record_mode.RecordMode} - {"any"} | {
        "rewrite"
    }
    assert next(iter(RecordMode)) is RecordMode.NONE
