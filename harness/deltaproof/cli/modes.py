"""Which options belong to which modes of a verb, and the refusal of one that was given to another mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import click
from click.core import ParameterSource


class Mode(StrEnum):
    """What `replay` does, by the option that asks for it."""

    TO = "--to"
    THROUGH = "--through"
    STEPS = "--steps"
    ACCUMULATOR = "--accumulator"


_SENDING = Mode.TO, Mode.THROUGH
_CHECKING = Mode.THROUGH, Mode.ACCUMULATOR

OF_REPLAY: Mapping[str, Sequence[Mode]] = {
    "--model": _SENDING,
    "--api-key-env": _SENDING,
    "--timeout": _SENDING,
    "--record": _SENDING,
    "--profile": _SENDING,
    "--provider": _SENDING,
    "--output": _CHECKING,
    "--upstream-port": (Mode.THROUGH,),
    "--persistent": (Mode.ACCUMULATOR,),
    "--limit": (Mode.ACCUMULATOR,),
    "--jobs": _CHECKING,
    "--faults": _CHECKING,
    "--seed": _CHECKING,
    "--fail-on": _CHECKING,
    "--fail-on note": (Mode.THROUGH,),
    "--baseline": (Mode.ACCUMULATOR,),
    "--update-baseline": (Mode.ACCUMULATOR,),
    "--format": tuple(Mode),
    "--format json": (*_SENDING, Mode.ACCUMULATOR),
    "--format markdown": _CHECKING,
    "--format html": (Mode.ACCUMULATOR,),
}
"""The modes of `replay` that know an option, and those that know one of its values where not all of them do."""


def refuse_foreign(context: click.Context, mode: str, belongs: Mapping[str, Sequence[str]]) -> None:
    """Refuse what was given on the command line and belongs to other modes than the chosen one.

    What the environment or the project says of all runs is passed over where it does not belong; but not a value that
    the option, which belongs there, has in other modes only. `belongs` has the long names of options, and an option
    with a value after a space; what it does not name belongs everywhere.

    Raises:
        UsageError: something does not belong.
    """
    for parameter in context.command.params:
        option, name = max(parameter.opts, key=len), parameter.name or ""
        if mode not in belongs.get(option, (mode,)):
            if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(f"{option} is for {listed(belongs[option])}")
        elif mode not in belongs.get(valued := f"{option} {context.params.get(name)}", (mode,)):
            raise click.UsageError(f"{valued} is for {listed(belongs[valued])}")


def listed(words: Sequence[str]) -> str:
    """Return words as a person lists them."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
