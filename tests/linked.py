"""Virtual environments with our wheel, and links to some of what is installed here: no package index is asked.

Nothing else of this environment can be imported there, and our own code only from the wheel. No test.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.test_wheel import REPOSITORY, succeed

OURS = "deltaproof"


def built_wheel(folder: Path) -> Path:
    """Build our wheel in a folder."""
    succeed(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def linked_environment(folder: Path, wheel: Path, *packages: str) -> Path:
    """Make an environment below a folder with our wheel and what these packages need; return its Python."""
    succeed(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = Path(succeed(python, "-c", where, cwd=folder).strip())
    for one in _needed(OURS, *packages):
        if one.name != OURS:
            _link(one, there)
    install = (sys.executable, "-m", "pip", "--quiet", "--no-input", "--python", python, "install", "--no-deps")
    succeed(*install, "--no-index", "--no-compile", wheel, cwd=folder)
    return python


def _needed(*names: str) -> Iterator[Distribution]:
    """Yield the distributions of these names, and all that they need, each once."""
    waiting, seen = list(names), set[str]()
    while waiting:
        found = distribution(waiting.pop())
        if found.name in seen:
            continue
        seen.add(found.name)
        yield found
        requirements = map(Requirement, found.requires or ())
        waiting += [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]


def _link(installed: Distribution, there: Path) -> None:
    """Link what a distribution has among the packages: its folders and modules, no program and nothing that runs."""
    files = [file for file in installed.files or () if file.parts[0] not in ("..", "__pycache__")]
    for top in {file.parts[0] for file in files if not file.name.endswith(".pth")}:
        target = there / top
        if not target.exists():
            target.symlink_to(Path(str(installed.locate_file(top))))
