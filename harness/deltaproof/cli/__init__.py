"""The command `deltaproof`: which verbs there are. Each verb lives in its own file, loaded when it is called."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deltaproof.errors import DeltaproofError
from deltaproof.project import project_table, text_in

if TYPE_CHECKING:
    from collections.abc import Sequence

VERBS = {
    "check": "Judge recorded streams.",
    "run": "Run the conformance suite against a live endpoint.",
    "record": "Record what passes between clients and an endpoint.",
    "serve": "Serve recordings as an OpenAI-compatible endpoint.",
    "replay": "Send recorded requests to an endpoint, show recordings by steps, or let clients fold them.",
    "accumulators": "List the client code that can fold recordings, or install it.",
    "snapshot": "Hold recordings against what was kept of their shape.",
    "diff": "Say what changed from one recording to another.",
    "rules": "List the rules, or show one rule's page.",
    "faults": "List the faults by which a recording can be broken on purpose.",
    "fault": "Break a recording on purpose.",
    "shrink": "Make a recording as small as it can be while it shows a finding.",
    "demo": "Judge a real llama.cpp server on this machine.",
}
"""The verbs with what `--help` says of them; the command of verb V is `deltaproof.cli.V.V`."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What standard output answers that goes to a full disk; a pipe that nobody reads is click's matter."""


class Verbs(click.Group):
    """A group whose commands are imported only when they are called, because start-up time counts."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of their importance."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one verb, and name the environment variables of its options after what they are called."""
        if cmd_name not in VERBS:
            return None
        command = getattr(import_module(f"deltaproof.cli.{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            return None
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                longest = max(parameter.opts, key=len).lstrip("-").replace("-", "_")
                parameter.envvar = f"DELTAPROOF_{cmd_name}_{longest}".upper()
        command.context_settings = {**command.context_settings, "default_map": _project_defaults(command)}
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; where Ctrl-C leaves it nothing to tell, say so, with an exit code that is none of a report's."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("deltaproof: interrupted", err=True)
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of verbs without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _project_defaults(command: click.Command) -> dict[str, str]:
    """Return what the project says of a verb's options: of those that mean the same wherever they stand."""
    table = project_table(Path())
    keys = {name: name.replace("_", "-") for name in ("profile", "provider", "fail_on", "upstream", "api_key_env")}
    names = {parameter.name for parameter in command.params if parameter.name in keys}
    if command.name == "replay":
        names -= {"fail_on"}  # of outcomes there, not of levels
    return {name: told for name in names if name and (told := text_in(table, keys[name], Path()))}


@click.command(cls=Verbs, context_settings={"max_content_width": 100})
@click.version_option(package_name="deltaproof", message="deltaproof %(version)s")
def cli() -> None:
    """Prove that streamed tool calls arrive right.

    Every option can be set by an environment variable, DELTAPROOF_VERB_OPTION; a pyproject.toml where it is run can set
    profile, provider, fail-on, upstream and api-key-env, under [tool.deltaproof]. Exit codes: 0 clean, 1 findings at or
    above --fail-on, 2 wrong usage, something unreadable, or nobody there.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and exit; an operator's mistake is one clear line and exit code 2.

    What the terminal's encoding cannot show is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(args=arguments, prog_name="deltaproof", standalone_mode=True)
    except DeltaproofError as error:
        click.echo(f"deltaproof: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries again as it ends, and has the last word
        click.echo(f"deltaproof: the output cannot be written: {error.strerror}", err=True)
        sys.exit(2)
