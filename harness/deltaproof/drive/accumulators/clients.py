"""Where the clients are that accumulators need: found in this environment or in one of their own, and installed there.

$DELTAPROOF_HOME, or the platform's folder for caches, has an environment for each group of them. Runs no driver.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from deltaproof.accumulate.known import Accumulator, Language
from deltaproof.errors import DeltaproofError

_PACKAGE = Path(__file__).parents[2]
PYTHON_DRIVERS = _PACKAGE / "drivers"
_READY = "deltaproof.json"  # written last: an environment without it was not finished
_INSTALLING = 900.0  # seconds
_NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries", "1")


@dataclass(frozen=True, slots=True)
class Runnable:
    """An accumulator that can run here: by which command, and with which version of its package."""

    command: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An accumulator that cannot run here: why, and the command that changes it."""

    why: str
    install: str


def home() -> Path:
    """Return the folder that clients are installed in."""
    if told := os.environ.get("DELTAPROOF_HOME"):
        return Path(told).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "deltaproof"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "deltaproof"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deltaproof"


def find(accumulator: Accumulator) -> Runnable | Missing:
    """Look for what an accumulator needs: first in its own environment, then, for Python, in the running one."""
    folder = _folder(accumulator)
    install = f"deltaproof accumulators --install {accumulator.name}"
    match accumulator.language:
        case Language.NODE:
            node = shutil.which("node")
            if node is None:
                return Missing("Node is not installed", "install Node 20 or later from https://nodejs.org")
            if not _is_installed(accumulator):
                return Missing(f"{accumulator.package} is not installed", install)
            _copy_node_drivers(folder)
            return Runnable((node, str(folder / accumulator.driver)), _node_version(folder, accumulator.package))
        case Language.PYTHON:
            driver = str(PYTHON_DRIVERS / accumulator.driver)
            if _is_installed(accumulator):
                python = _python(folder)
                return Runnable((str(python), driver), _python_version(folder, accumulator.package))
            try:
                return Runnable((sys.executable, driver), version(accumulator.package))
            except PackageNotFoundError:
                return Missing(f"{accumulator.package} is not installed", install)


def install(accumulator: Accumulator) -> Path:
    """Install what an accumulator needs into its environment, unless that is there; return its folder.

    Raises:
        DeltaproofError: it cannot be installed.
    """
    folder = _folder(accumulator)
    if not _is_installed(accumulator):
        try:
            _install(accumulator, folder)
        except OSError as error:
            what = f"{accumulator.name} cannot be installed there: {error.strerror}"
            raise DeltaproofError(what, where=str(folder), hint="DELTAPROOF_HOME names another folder") from error
    return folder


def _install(accumulator: Accumulator, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    match accumulator.language:
        case Language.PYTHON:
            _run([sys.executable, "-m", "venv", "--clear", str(folder)], accumulator)
            pip = [
                str(_python(folder)),
                "-m",
                "pip",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "--retries",
                "1",
            ]
            _run([*pip, "install", *accumulator.requires], accumulator)
        case Language.NODE:
            npm = shutil.which("npm")
            if npm is None:
                raise DeltaproofError("npm is not installed", hint="Install Node 20 or later from https://nodejs.org")
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(_node_drivers() / name, folder / name)
            _run(
                [
                    npm,
                    "ci",
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                    "--fetch-retries",
                    "1",
                    "--prefix",
                    str(folder),
                ],
                accumulator,
            )
    (folder / _READY).write_text(json.dumps(_wanted(accumulator)), encoding="utf-8")


def _folder(accumulator: Accumulator) -> Path:
    return home() / "accumulators" / accumulator.environment


def _wanted(accumulator: Accumulator) -> list[str]:
    """Return what tells one content of an environment from another."""
    if accumulator.language is Language.PYTHON:
        return [*accumulator.requires]
    return [(_node_drivers() / "package-lock.json").read_text(encoding="utf-8")]


def _is_installed(accumulator: Accumulator) -> bool:
    """Tell whether its environment was finished, with the versions that are wanted now."""
    try:
        told = json.loads((_folder(accumulator) / _READY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told == _wanted(accumulator))


def _node_drivers() -> Path:
    """Return the folder of the Node drivers: inside the installed package, or beside it in a checkout."""
    inside = _PACKAGE / "node"
    return inside if inside.is_dir() else _PACKAGE.parent / "node"


def _copy_node_drivers(folder: Path) -> None:
    """Put the drivers beside node_modules, where Node looks for what they import."""
    for driver in _node_drivers().glob("*.mjs"):
        content, copy = driver.read_bytes(), folder / driver.name
        if not copy.is_file() or copy.read_bytes() != content:
            fresh = copy.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(content)
            fresh.replace(copy)  # another run may be reading it


def _python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def _python_version(folder: Path, package: str) -> str:
    paths = [str(path) for path in (*folder.glob("lib/python*/site-packages"), folder / "Lib" / "site-packages")]
    return next((one.version for one in distributions(name=package, path=paths)), "")


def _node_version(folder: Path, package: str) -> str:
    told = json.loads((folder / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
    return str(told["version"])


def _run(command: list[str], accumulator: Accumulator) -> None:
    """Run a step of an installation."""
    try:
        ran = subprocess.run(command, capture_output=True, check=False, timeout=_INSTALLING, stdin=subprocess.DEVNULL)  # noqa: S603 - commands of ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeltaproofError(f"it cannot be installed: {error}", where=accumulator.name) from error
    if ran.returncode:
        lines = [line for line in ran.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise DeltaproofError(
            f"it cannot be installed: {lines[-1] if lines else f'exit code {ran.returncode}'}",
            where=accumulator.name,
            hint="Is a package index within reach?",
        )
