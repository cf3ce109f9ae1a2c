"""Facts about where our cassettes go: whole or not at all, and with an error that names the path."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.cassette import read_path, write_cassette
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from tests.cassette.recorded import PROVENANCE, as_read
from tests.cassette.sessions import ENTRY, OWN_ENTRY


def test_a_folder_is_made_and_a_file_replaced(tmp_path: Path) -> None:
    """Where a cassette goes need not exist, and what was there is gone; nothing else is left in the folder."""
    path = tmp_path / "llama.cpp" / "tools" / "two-calls.yaml"
    write_cassette(path, [ENTRY, ENTRY], provenance=PROVENANCE)
    write_cassette(path, [OWN_ENTRY], provenance=PROVENANCE)
    (found,) = read_path(path)
    assert isinstance(found, Exchange)
    assert as_read(found) == replace(as_read(OWN_ENTRY), source=str(path))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param(
            "file/a.yaml",
            "{}/file: the folder cannot be made: File exists. Move away what is there, or choose another path",
            id="a-file-for-a-folder",
        ),
        pytest.param(
            "folder",
            "{}/folder: it cannot be written: Is a directory. Move away what is there, or choose another path",
            id="a-folder-for-a-file",
        ),
        pytest.param(
            "a" * 300,
            f"{{}}/{'a' * 300}: it cannot be written: File name too long. Choose another path",
            id="too-long",
        ),
    ],
)
def test_what_the_disk_refuses_is_told_with_its_path(place: str, said: str, tmp_path: Path) -> None:
    """The error names the path and what to do, and nothing half-written stays behind."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DeltaproofError) as caught:
        write_cassette(tmp_path / place, [ENTRY], provenance=PROVENANCE)
    assert str(caught.value) == said.format(tmp_path)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "file", tmp_path / "folder"]


def test_a_write_that_fails_leaves_the_cassette_that_was_there(tmp_path: Path) -> None:
    """A disk that is full half-way costs nothing that was recorded before."""
    path = tmp_path / "a.yaml"
    write_cassette(path, [ENTRY], provenance=PROVENANCE)
    before = path.read_bytes()
    program = (
        "import sys, pathlib; from deltaproof.cassette import read_path, write_cassette; "
        "path = pathlib.Path(sys.argv[1]); write_cassette(path, [*read_path(path)] * 2, provenance={})"
    )
    limited = subprocess.run(
        [sys.executable, "-B", "-c", program, path],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), len(before))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"DeltaproofError: {path}: it cannot be written: File too large" in limited.stderr
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before
