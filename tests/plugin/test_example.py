"""Facts about examples/agent, run as its team runs it: from an installed wheel, with its recordings and with a server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from deltaproof.drive.llamacpp.llamacpp import LlamaServer
from tests.linked import built_wheel, linked_environment
from tests.test_wheel import REPOSITORY, run, succeed

PASSED = "121 passed, 4 skipped"
"""Faults that do not apply to these recordings are skipped."""


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of the example, and the Python of its environment."""

    folder: Path
    python: Path

    def pytest(self, *options: str) -> tuple[int, str]:
        """Run the project's tests; return the exit code, and the line that counts them."""
        ended = run(self.python, "-m", "pytest", "-q", *options, cwd=self.folder)
        last = ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ended.stderr
        return ended.returncode, last.partition(" in ")[0]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, openai-python and pytest."""
    folder = tmp_path_factory.mktemp("team")
    return linked_environment(folder / "venv", built_wheel(folder), "openai", "pytest", "pytest-xdist")


@pytest.fixture
def project(python: Path, tmp_path: Path) -> Project:
    """A fresh copy of the example."""
    folder = tmp_path / "agent"
    shutil.copytree(REPOSITORY / "examples" / "agent", folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    return Project(folder, python)


def test_the_plugin_is_the_wheels(project: Project) -> None:
    """Otherwise all that follows would prove the checkout."""
    told = succeed(
        project.python, "-c", "import deltaproof.plugin; print(deltaproof.plugin.__file__)", cwd=project.folder
    )
    assert Path(told).is_relative_to(project.python.parents[1])


@pytest.mark.parametrize("options", [(), ("-n", "4"), ("--deltaproof-fail-on", "note")])
def test_the_example_passes_as_it_stands(project: Project, options: tuple[str, ...]) -> None:
    """With its recordings and snapshots, in one process and in four; nothing is written."""
    before = {path: path.read_bytes() for path in project.folder.rglob("*.yaml")}
    assert project.pytest(*options) == (0, PASSED)
    assert {path: path.read_bytes() for path in project.folder.rglob("*.yaml")} == before


def test_a_model_that_says_something_else_fails_the_example(project: Project) -> None:
    """The fault that many a server has, put into the recording, is a finding: the report names the rule."""
    (cassette,) = project.folder.rglob("test_the_weather_in_two_cities.yaml")
    recorded = cassette.read_text(encoding="utf-8")
    text = recorded.replace('"function":{"arguments":"c"}', '"function":{"name":"get_weather","arguments":"c"}')
    assert text != recorded
    reads = text[: text.index("      reads:")] + text[text.index("- request:", 20) :]  # of the stream that was edited
    cassette.write_text(reads, encoding="utf-8")
    ended = run(
        project.python, "-m", "pytest", "-q", "-k", "two_cities and not fold", "tests/test_agent.py", cwd=project.folder
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "tool-call-continuation-name" in ended.stdout


def test_the_example_can_be_recorded_again(project: Project, llamacpp: LlamaServer) -> None:
    """First without a cassette, then each anew; the shapes are those that were kept, and what was recorded replays."""
    cassettes = project.folder / "tests" / "cassettes"
    names = sorted(path.relative_to(cassettes) for path in cassettes.rglob("*.yaml"))
    shutil.rmtree(cassettes)
    server = ("--deltaproof-upstream", llamacpp.base_url)
    once = project.pytest("--deltaproof-record", "once", *server, "tests/test_agent.py", "tests/test_command.py")
    assert once == (0, "33 passed, 3 skipped")
    assert sorted(path.relative_to(cassettes) for path in cassettes.rglob("*") if path.is_file()) == names
    first = {name: (cassettes / name).read_bytes() for name in names}
    assert project.pytest("--deltaproof-record", "rewrite", *server) == (0, PASSED)
    assert not any((cassettes / name).read_bytes() == content for name, content in first.items())
    assert project.pytest() == (0, PASSED)
