"""What the matrix costs: all committed cassettes in every built-in accumulator that can run here. Asserts nothing.

It is the installed command with persistent drivers, two clients side by side on two cores. A client's own seconds are
what its driver measures around the client, so that what is left is ours. Clients that are missing are named.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTED = ROOT / "build" / "accumulators"  # where the tests install clients
JOBS = 2
LIMIT = 60  # seconds, so that a machine with other work ends no client


class Case(NamedTuple):
    """The seconds of one stream in one client: from asking to the answer, and what the client says it took."""

    seconds: float
    own: float


class Client(NamedTuple):
    """A client, and its cases in the order in which they were asked; `skipped` says why there are none."""

    name: str
    version: str
    skipped: str
    cases: Sequence[Case]

    @property
    def starting(self) -> float:
        """The seconds until its driver is ready: what the first case takes beyond the client's own time."""
        return self.cases[0].seconds - self.cases[0].own


def clients_of(document: Mapping[str, list[dict[str, object]]]) -> list[Client]:
    """Read what `deltaproof replay --accumulator --format json` wrote."""
    cells: list[dict[str, dict[str, float | None]]] = [stream["cells"] for stream in document["streams"]]  # type: ignore[misc]  # as the schema has it
    return [
        Client(
            str(told["name"]),
            str(told["version"] or ""),
            str(told["skipped"] or ""),
            [_case(cell[str(told["name"])]) for cell in cells if told["name"] in cell],
        )
        for told in document["accumulators"]
    ]


def _case(cell: Mapping[str, float | None]) -> Case:
    seconds = cell["seconds"] or 0.0
    own = cell["own_seconds"]
    return Case(seconds, seconds if own is None else own)


def line(name: str, figure: float, unit: str, beside: str = "") -> None:
    """Print one figure, and what stands beside it."""
    told = f"   {beside}" if beside else ""
    print(f"{name:<56} {figure:>8,.{2 if figure < 10 else 0}f} {unit:<5}{told}", flush=True)  # noqa: PLR2004 - digits


def case_line(name: str, cases: Sequence[Case], beside: str = "") -> None:
    """Print what a case takes, and how much of that is the client's own."""
    seconds = statistics.fmean(case.seconds for case in cases) * 1e3
    own = statistics.fmean(case.own for case in cases) * 1e3
    line(name, seconds, "ms", f"the client's own {own:.1f}, ours {seconds - own:.1f}{beside}")


def tell_missing(missing: Sequence[Client], place: str) -> None:
    """Name the clients that are not installed, and the command that changes it."""
    print(f"  left out, not installed: {', '.join(client.name for client in missing)}")
    print(f"    {place}.venv/bin/deltaproof accumulators --install all")


def main() -> None:
    """Run the matrix, and print what it took."""
    home = {} if os.environ.get("DELTAPROOF_HOME") or not TESTED.is_dir() else {"DELTAPROOF_HOME": str(TESTED)}
    command = [str(Path(sys.executable).with_name("deltaproof")), "replay", "cassettes", "--accumulator", "all"]
    command += ["--jobs", str(JOBS), "--limit", str(LIMIT), "--fail-on", "never", "--format", "json"]
    started = time.perf_counter()
    ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **home}, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own command
    seconds = time.perf_counter() - started
    clients = clients_of(json.loads(ran.stdout)) if ran.stdout else []
    running = [client for client in clients if client.cases]
    missing = [client for client in clients if client.skipped]
    if not running:
        print("matrix: left out, no client of it can run here")
    else:
        cases = [case for client in running for case in client.cases]
        streams = len(running[0].cases)
        line(f"matrix: {streams} streams in {len(running)} accumulators, {JOBS} at once", seconds, "s")
        line("  per case, all in all", seconds / len(cases) * 1e3, "ms")
        case_line("  a case in a client that is started", [case for client in running for case in client.cases[1:]])
        for client in running:
            case_line(f"    {client.name} {client.version}", client.cases[1:], f"; started in {client.starting:.1f} s")
    if missing:
        tell_missing(missing, f"DELTAPROOF_HOME={TESTED.relative_to(ROOT)} " if home else "")


if __name__ == "__main__":
    main()
