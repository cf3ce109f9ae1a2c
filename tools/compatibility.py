"""The pytest plugin's tests on each Python that is found, with an older pytest and the newest: prints a table.

    make compatibility                           # each Python from 3.11 on, on the PATH or kept by pyenv
    make compatibility ARGS='python3.13 -k xdist'

Each pair has an environment of its own below build/, with the wheel in it rather than the checkout, and the versions
of locks/dev.txt, but for pytest and its plugins. Exits with 1 where tests fail, or an environment cannot be made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / "build" / "compatibility"
PYTESTS = ("8.3.*", "9.*")
OLDEST = (3, 11)
NOT_NEEDED = ("coverage", "import-linter", "mypy", "pytest-cov", "ruff", "types-")
"""What of the dev group holds the code to something, and runs no test."""

JOBS = os.environ.get("JOBS", "2")
_COUNTS = re.compile(r"(?:\d+ \w+(?:, )?)+(?= in )")


class Python(NamedTuple):
    """A Python that was found: its program, and its version."""

    program: str
    version: tuple[int, ...]

    @property
    def name(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


class Row(NamedTuple):
    """What came of one Python with one pytest: the version that was installed, the counts of tests or what failed."""

    python: str
    pytest: str
    told: str
    seconds: float
    passed: bool


def pythons(named: Sequence[str]) -> list[Python]:
    """Return the newest Python of each minor version, of those that are named, or of all that are found."""
    newest: dict[tuple[int, ...], Python] = {}
    for program in named or _programs():
        version = _version(program)
        if version >= OLDEST and version > newest.get(version[:2], Python("", ())).version:
            newest[version[:2]] = Python(program, version)
    return [newest[minor] for minor in sorted(newest)]


def _programs() -> Iterator[str]:
    """Yield what may be a Python."""
    for minor in range(OLDEST[1], OLDEST[1] + 20):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    if shutil.which("pyenv"):
        root = subprocess.run(("pyenv", "root"), capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607 - whichever there is
        yield from (str(path) for path in sorted(Path(root, "versions").glob("3.*/bin/python")))


def _version(program: str) -> tuple[int, ...]:
    """Return a Python's version, nothing where it is none that runs."""
    code = "import sys; print(*sys.version_info[:3])"
    ended = subprocess.run((program, "-c", code), capture_output=True, text=True, check=False)  # noqa: S603 - a Python
    return tuple(map(int, ended.stdout.split())) if ended.returncode == 0 else ()


def requirements() -> list[str]:
    """Return what the tests need besides the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["dependency-groups"]["dev"], *project["project"]["optional-dependencies"]["demo"]]
    return [one for one in needed if not one.startswith((*NOT_NEEDED, "pytest>"))]


def constraints() -> str:
    """Return the pins of the lock without their hashes, and without those of pytest and its plugins."""
    lock = (ROOT / "locks" / "dev.txt").read_text(encoding="utf-8")
    pins = (line.removesuffix("\\").strip() for line in lock.splitlines() if re.match(r"[\w.-]+==", line))
    return "".join(f"{pin}\n" for pin in pins if not pin.startswith("pytest"))


def run(*command: str | Path, log: Path) -> bool:
    """Run a command with what it prints in a file, behind what is there; return whether it exited with 0."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("ab") as file:
        ended = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False
        )
    return ended.returncode == 0


def tried(python: Python, pytest: str, wheel: Path, options: Sequence[str]) -> Row:
    """Make an environment and run the plugin's tests there."""
    begun = time.monotonic()
    folder = ENVIRONMENTS / f"python-{python.name}-pytest-{pytest.removesuffix('.*')}"
    log = folder.with_name(f"{folder.name}.log")
    log.write_bytes(b"")
    there = folder / "bin" / "python"
    pins = ENVIRONMENTS / "constraints.txt"
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install", "--constraint", pins)
    made = run(python.program, "-m", "venv", "--clear", folder, log=log) and run(
        there, *pip, wheel, f"pytest=={pytest}", *requirements(), log=log
    )
    if not made:
        return Row(
            python.name, pytest, f"no environment: see {log.relative_to(ROOT)}", time.monotonic() - begun, passed=False
        )
    told = "from importlib.metadata import version; print(version('pytest'))"
    version = subprocess.run((there, "-c", told), capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - as above
    tests = (there, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", JOBS, "--dist", "loadfile", "tests/plugin")
    passed = run(*tests, *options, log=log)
    counted = _COUNTS.findall(log.read_text(encoding="utf-8", errors="replace"))
    counts = counted[-1] if counted else "no test ran"
    return Row(
        python.name,
        version,
        counts if passed else f"{counts}: see {log.relative_to(ROOT)}",
        time.monotonic() - begun,
        passed=passed,
    )


def main() -> int:
    """Try each pair, one after the other, and print a line for each."""
    named = [word for word in sys.argv[1:] if Path(word).name.startswith("python") and shutil.which(word)]
    options = [word for word in sys.argv[1:] if word not in named]
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    (ENVIRONMENTS / "constraints.txt").write_text(constraints(), encoding="utf-8")
    log = ENVIRONMENTS / "wheel.log"
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", ENVIRONMENTS, ROOT)
    for old in ENVIRONMENTS.glob("*.whl"):
        old.unlink()
    if not run(*build, log=log):
        print(f"there is no wheel: see {log.relative_to(ROOT)}", file=sys.stderr)
        return 1
    (wheel,) = ENVIRONMENTS.glob("*.whl")
    print(f"{'Python':<10} {'pytest':<10} {'seconds':>8}  tests", flush=True)
    rows = []
    for python in pythons(named):
        for pytest in PYTESTS:
            row = tried(python, pytest, wheel, options)
            rows.append(row)
            print(f"{row.python:<10} {row.pytest:<10} {row.seconds:>8.0f}  {row.told}", flush=True)
    return int(not rows or not all(row.passed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
