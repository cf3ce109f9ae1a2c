"""From what the operator names to accumulators that can run: built in, registered by a package, or a command."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from deltaproof.accumulate.known import known_accumulators
from deltaproof.accumulate.matrix import Column
from deltaproof.drive.accumulators.accumulator import Driver, OneShot, Persistent
from deltaproof.drive.accumulators.clients import PYTHON_DRIVERS, Missing, Runnable, find
from deltaproof.drive.accumulators.matrix import Client
from deltaproof.errors import DeltaproofError, UnknownNameError

GROUP = "deltaproof.accumulators"
"""The entry points that packages register callables in: request and base URL to message."""

ALL, CHEAP = "all", "cheap"
"""Words for every built-in accumulator, and for those that say much and cost little."""


def registered() -> dict[str, EntryPoint]:
    """Return the accumulators that installed packages register, by name; those that can be named."""
    return {found.name: found for found in entry_points(group=GROUP) if found.name not in _taken()}


def unreachable() -> list[EntryPoint]:
    """Return what packages register under a name that stands for something else already."""
    return [found for found in entry_points(group=GROUP) if found.name in _taken()]


def is_command(name: str) -> bool:
    """Tell whether what the operator names is a command, and neither built in nor registered."""
    return name not in _taken() and name not in registered()


def _taken() -> set[str]:
    return {ALL, CHEAP, *known_accumulators()}


def clients_for(names: Sequence[str], *, persistent: bool) -> list[Client]:
    """Return the accumulators of some names and commands, each once; commands speak lines where `persistent` says so.

    Raises:
        UnknownNameError: a name is that of no accumulator, and no command.
        DeltaproofError: a command cannot be read.
    """
    clients: dict[str, Client] = {}
    for name in names:
        for one in expanded(name):
            clients.setdefault(one, client_for(one, persistent=persistent))
    return list(clients.values())


def one_that_runs(name: str, *, persistent: bool) -> tuple[Column, Callable[[], Driver]]:
    """Return an accumulator that can run here, and what makes a driver of it.

    Raises:
        UnknownNameError: the name is that of no accumulator, and no command.
        DeltaproofError: it stands for several, it cannot run here, or it is a command that cannot be read.
    """
    if name in (ALL, CHEAP):
        raise DeltaproofError(f"{name} are several accumulators", hint="Name one of them")

    def start() -> Driver:
        client = client_for(name, persistent=persistent)
        if client.driver is None:
            raise DeltaproofError(client.column.skipped, where=name)
        return client.driver

    start()  # which makes a driver that nothing was started for, or raises
    return client_for(name, persistent=persistent).column, start


def every_accumulator() -> list[Column]:
    """Return all that can be named here, those too that cannot run."""
    return [client_for(name, persistent=False).column for name in expanded(ALL)]


def expanded(name: str) -> list[str]:
    """Return what a name stands for: itself, unless it is a word for several."""
    match name:
        case "all":
            return [*known_accumulators(), *registered()]
        case "cheap":
            return [one.name for one in known_accumulators().values() if one.cheap]
        case _:
            return [name]


def client_for(name: str, *, persistent: bool) -> Client:
    """Return the accumulator of one name or command."""
    known = known_accumulators().get(name)
    if known is not None:
        match find(known):
            case Runnable(command=command, version=version):
                return Client(Column(name, known.title, version), Persistent(command))
            case Missing(why=why, install=install):
                return Client(Column(name, known.title, skipped=f"{why}: {install}"), None)
    if (found := registered().get(name)) is not None:
        package = found.dist.name if found.dist is not None else ""
        version = found.dist.version if found.dist is not None else ""
        command = (sys.executable, str(PYTHON_DRIVERS / "entry_point.py"), found.value, package)
        return Client(Column(name, found.value, version), Persistent(command))
    words = _words(name)
    if shutil.which(words[0]) is None:
        raise _no_command(name, words[0])
    return Client(Column(name), Persistent(words) if persistent else OneShot(words))


def _no_command(name: str, program: str) -> DeltaproofError:
    """Say why a command cannot be run, or what name may have been meant."""
    if Path(program).is_file():
        hint = f"Make it so with chmod +x {program}, or name what runs it as well, such as 'sh {program}'"
        return DeltaproofError("this file is not executable", where=program, hint=hint)
    if os.sep in program or name != program:
        return DeltaproofError("there is no such command", where=program)
    names = (ALL, CHEAP, *known_accumulators(), *registered())
    alike = get_close_matches(name, names)
    hint = f"Did you mean {' or '.join(alike)}?" if alike else f"One of {', '.join(names)}, or a command"
    return UnknownNameError(f"there is no accumulator {name!r}, and no command of that name", hint=hint)


def _words(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise DeltaproofError(f"this command cannot be read: {error}", where=command) from error
    if not words:
        raise DeltaproofError("an accumulator has a name", hint="`deltaproof accumulators` lists them")
    return words
