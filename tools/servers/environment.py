"""Where servers are installed: an environment each under build/servers, versions pinned. Starts none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "servers"
_READY = ".ready"


def python_environment(name: str, *packages: str, without: tuple[str, ...] = ()) -> Path:
    """Install packages into a virtual environment, unless they are there, and return the folder of its commands.

    What stands in `without` came as a dependency and is taken out again.
    """
    home = BUILD / name
    commands = home / "bin"
    wanted = "\n".join((*packages, *(f"without {package}" for package in without)))
    if _is_ready(home, wanted):
        return commands
    _run(sys.executable, "-m", "venv", "--clear", str(home))
    pip = (str(commands / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    _run(*pip, "install", *packages)
    if without:
        _run(*pip, "uninstall", "--yes", *without)
    (home / _READY).write_text(wanted, encoding="utf-8")
    return commands


def node_environment(name: str, package: str) -> Path:
    """Install a package of npm, unless it is there, and return the folder of its commands."""
    home = BUILD / name
    if not _is_ready(home, package):
        _run("npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", "--silent", package)
        (home / _READY).write_text(package, encoding="utf-8")
    return home / "node_modules" / ".bin"


def offline(**settings: str) -> dict[str, str]:
    """Return an environment that knows where commands are and little more: no keys, no proxies, no other models."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", **settings}


def _is_ready(home: Path, wanted: str) -> bool:
    """Tell whether an installation ended well, and was this one."""
    note = home / _READY
    return note.exists() and note.read_text(encoding="utf-8") == wanted


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - commands that stand in this folder
