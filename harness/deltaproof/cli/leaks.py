"""`deltaproof check --secrets`: refuses files that still look leaky. What does is said in cassette/secrets.py."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from deltaproof.cassette.scrub_table import project_scrub
from deltaproof.cassette.secrets import Leak, leaks, leaks_in


def look_for_secrets(paths: Iterable[str]) -> int:
    """Print a line for each secret that is left in some paths, by the rules of the project in the current folder.

    The path `-` is standard input.

    Returns the exit code: 2 where something could not be read, 1 where there is a secret, else 0.
    Raises `DeltaproofError` for a mistake in the project's rules.
    """
    scrub = project_scrub(Path())
    found = [
        leak
        for path in paths
        for leak in (leaks_in(sys.stdin.buffer.read(), "-", scrub) if path == "-" else leaks(Path(path), scrub))
    ]
    for leak in found:
        click.echo(str(leak), err=not isinstance(leak, Leak))
    count = sum(isinstance(leak, Leak) for leak in found)
    if count:
        click.echo(f"{count} {'secret is' if count == 1 else 'secrets are'} left: record anew, or put SCRUBBED there")
    return 2 if count < len(found) else int(bool(count))
