"""What is shipped: sdist and wheel, and the command in an environment that has nothing but the wheel and its needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
CATALOG = ("specs", "cassettes")


@dataclass(frozen=True, slots=True)
class Shipment:
    """The two archives of one build, and the paths in each below its top folder."""

    wheel: Path
    in_wheel: frozenset[str]
    in_sdist: frozenset[str]


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment and an empty folder outside the repository to run it in."""

    folder: Path
    python: Path
    command: Path


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that sees neither the repository nor this environment's packages."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def succeed(*command: str | Path, cwd: Path) -> str:
    """Run a command that must exit with 0, and return what it printed."""
    ended = run(*command, cwd=cwd)
    assert ended.returncode == 0, f"{command} exited with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def pip_for(installation: Installation) -> tuple[str | Path, ...]:
    """Return the start of a pip command that acts on this environment from outside, so that it stays empty."""
    return (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--python", installation.python)


def files_of_repository(*folders: str) -> frozenset[str]:
    """Return the paths of all files below these folders, as the repository names them."""
    found = (path for folder in folders for path in (REPOSITORY / folder).rglob("*"))
    return frozenset(
        path.relative_to(REPOSITORY).as_posix() for path in found if path.is_file() and "__pycache__" not in path.parts
    )


def chunk(delta: dict[str, object], finish_reason: str | None = None) -> str:
    """Return one event of a tool call as OpenAI frames it."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    whole = {
        "id": "chatcmpl-AbC123",
        "object": "chat.completion.chunk",
        "created": 1764000000,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_1",
        "choices": [choice],
    }
    return f"data: {json.dumps(whole, separators=(',', ':'))}\n\n"


def conformant_stream() -> str:
    """Return a stream of one tool call: the name whole in one chunk, then the arguments in three."""
    opening = {
        "index": 0,
        "id": "call_AbC123",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    fragments = ('{"ci', 'ty":"Par', 'is"}')
    continuations = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}) for text in fragments]
    return "".join(
        [
            chunk({"role": "assistant", "content": None, "tool_calls": [opening], "refusal": None}),
            *continuations,
            chunk({}, finish_reason="tool_calls"),
            "data: [DONE]\n\n",
        ]
    )


@pytest.fixture(scope="module")
def shipment(tmp_path_factory: pytest.TempPathFactory) -> Shipment:
    """Build the sdist, and the wheel from the sdist, without touching the network."""
    folder = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = frozenset(archive.namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = frozenset(name.partition("/")[2] for name in archive.getnames())
    return Shipment(wheel, in_wheel, in_sdist)


@pytest.fixture(scope="module")
def installation(shipment: Shipment, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the wheel in a new environment, its dependencies at their locked versions."""
    folder = tmp_path_factory.mktemp("empty")
    succeed(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    installed = Installation(folder, programs / "python", programs / "deltaproof")
    install = (*pip_for(installed), "install", "--no-deps", "--no-compile")
    succeed(*install, "--require-hashes", "--requirement", REPOSITORY / "locks" / "core.txt", cwd=folder)
    succeed(*install, "--no-index", shipment.wheel, cwd=folder)
    return installed


@pytest.mark.parametrize("folder", CATALOG)
def test_each_file_of_the_catalog_travels_in_the_wheel_and_in_the_sdist(shipment: Shipment, folder: str) -> None:
    """`specs/` and `cassettes/` are complete in both: below the package in the wheel, at the top in the sdist."""
    files = files_of_repository(folder)
    assert files
    assert {path for path in shipment.in_sdist if path.startswith(f"{folder}/")} == files
    prefix = f"deltaproof/{folder}/"
    assert {path for path in shipment.in_wheel if path.startswith(prefix)} == {f"deltaproof/{path}" for path in files}


def test_the_wheel_holds_the_package_the_catalog_and_its_metadata_and_nothing_else(shipment: Shipment) -> None:
    """No test, no tool and no lock reaches a user's site-packages; types and licence do."""
    code = {path.removeprefix("harness/") for path in files_of_repository("harness/deltaproof")}
    code |= {path.replace("harness/", "deltaproof/", 1) for path in files_of_repository("harness/node")}
    catalog = {f"deltaproof/{path}" for path in files_of_repository(*CATALOG)}
    metadata = {path for path in shipment.in_wheel if path.split("/")[0].endswith(".dist-info")}
    assert shipment.in_wheel - metadata == code | catalog
    assert "deltaproof/py.typed" in code
    assert {path.split("/", 1)[1] for path in metadata} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_the_wheel_introduces_itself_with_the_readme(shipment: Shipment) -> None:
    """Where a package is looked up, its README is what is read."""
    with zipfile.ZipFile(shipment.wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        description = archive.read(metadata).decode().partition("\n\n")[2]
    assert description == (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_sdist_holds_what_the_tests_and_make_need(shipment: Shipment) -> None:
    """A distributor can build, lint and test from the sdist alone."""
    needed = {".ci/run", "LICENSE", "Makefile", "README.md", "pyproject.toml"}
    example = {f"examples/agent/{name}" for name in (".github/workflows/tests.yml", "README.md", "pyproject.toml")}
    example |= files_of_repository("examples/agent/tests", "examples/agent/weather_agent")
    assert shipment.in_sdist >= needed | example | files_of_repository("harness", "tests", "locks")


def test_locked_dependencies_are_all_that_the_wheel_needs(installation: Installation) -> None:
    """`locks/core.txt` misses nothing and contradicts nothing that the wheel's metadata asks for."""
    assert "No broken requirements" in succeed(*pip_for(installation), "check", cwd=installation.folder)


def test_the_installed_command_judges_a_stream(installation: Installation) -> None:
    """`deltaproof check` finds its rules in the wheel, and calls a conformant tool call conformant."""
    (installation.folder / "weather.sse").write_text(conformant_stream(), encoding="utf-8")
    assert "weather.sse" in succeed(installation.command, "check", "weather.sse", cwd=installation.folder)


def test_the_installed_command_finds_what_is_wrong(installation: Installation) -> None:
    """A function name that comes in two chunks is a finding at error level: exit code 1, and the rule is named."""
    split = conformant_stream().replace('"function":{"arguments":"{', '"function":{"name":"_now","arguments":"{')
    (installation.folder / "split.sse").write_text(split, encoding="utf-8")
    ended = run(installation.command, "check", "split.sse", cwd=installation.folder)
    assert ended.returncode == 1, f"{ended.stdout}\n{ended.stderr}"
    assert "tool-call-open-name" in ended.stdout


def test_the_installed_command_lists_every_rule(installation: Installation) -> None:
    """`deltaproof rules` names each page of the catalog, whole, at whatever width the output has."""
    slugs = {Path(path).stem for path in files_of_repository("specs/rules")} - {"README"}
    assert "tool-call-open-name" in slugs
    assert len(slugs) >= 71
    assert slugs - set(succeed(installation.command, "rules", cwd=installation.folder).split()) == set()
