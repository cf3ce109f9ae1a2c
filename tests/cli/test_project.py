"""Facts about `[tool.deltaproof]` of a project's `pyproject.toml`, seen from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from deltaproof.plugin.settings import SETTINGS
from deltaproof.project import KEYS
from tests.cli.command import REPEATED, deltaproof


def test_a_project_says_once_how_to_judge(tmp_path: Path) -> None:
    """What it says comes after the command line and the environment, and before what holds without it."""
    (tmp_path / "repeated.sse").write_text(REPEATED)
    assert deltaproof("check", "repeated.sse", cwd=tmp_path).code == 1
    (tmp_path / "pyproject.toml").write_text('[tool.deltaproof]\nprofile = "lenient"\nfail-on = "never"\n')
    ran = deltaproof("check", "repeated.sse", cwd=tmp_path)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "1 exchange judged by lenient: 0 errors, 0 warnings, 0 notes")
    ran = deltaproof("check", "repeated.sse", "--profile", "de-facto", "--fail-on", "error", cwd=tmp_path)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 exchange judged by de-facto: 1 error, 0 warnings, 0 notes")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[tool.deltaproof]\nprofil = 'lenient'\n", "[tool.deltaproof] profil: there is no such key. Known are "),
        ("[tool.deltaproof]\nprofile = 1\n", "[tool.deltaproof] profile: it is no text\n"),
        ("[tool]\ndeltaproof = 1\n", "[tool.deltaproof] is no table\n"),
        ("[tool.deltaproof\n", "not valid TOML: "),
    ],
)
def test_a_mistake_of_the_project_is_told(tmp_path: Path, table: str, said: str) -> None:
    """With the file and the key, and nothing is judged."""
    (tmp_path / "repeated.sse").write_text(REPEATED)
    (tmp_path / "pyproject.toml").write_text(table)
    ran = deltaproof("check", "repeated.sse", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"deltaproof: pyproject.toml: {said}")


def test_a_project_of_others_is_not_read(tmp_path: Path) -> None:
    """A file that does not speak of deltaproof is nobody's mistake here, whatever is wrong with it."""
    (tmp_path / "repeated.sse").write_text(REPEATED)
    (tmp_path / "pyproject.toml").write_text("[tool.other\n")
    assert deltaproof("check", "repeated.sse", cwd=tmp_path).code == 1


def test_the_table_has_the_keys_of_the_plugin() -> None:
    """What can be set for pytest once for a project, can stand there."""
    assert set(KEYS) == {setting.name for setting in SETTINGS if setting.lasting}
