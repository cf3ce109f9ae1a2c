"""Options that several verbs share, and the one place that decides the exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from deltaproof.catalog import Level, Profile, load, provider_names
from deltaproof.verdict import DEFAULT_PROFILE

if TYPE_CHECKING:
    from deltaproof.checking import Report

F = TypeVar("F", bound=Callable[..., object])  # type: ignore[explicit-any]  # as click has it


def in_a_folder(_context: click.Context, parameter: click.Parameter, output: str) -> str:
    """Refuse a file in a folder that is not there, before anything is judged."""
    if output != "-" and not Path(output).absolute().parent.is_dir():
        raise click.BadParameter(f"{Path(output).parent} is no folder", param=parameter)
    return output


FAIL_ON = ("error", "warning", "note", "never")


def judging_options(command: F) -> F:  # type: ignore[explicit-any]  # as click has it
    """Add the options that say how to judge and how to tell."""
    for option in reversed(
        (
            click.option(
                "--profile",
                default=DEFAULT_PROFILE,
                show_default=True,
                metavar="NAME",
                help="What counts, and how much: openai-strict, de-facto, lenient or empower.",
            ),
            click.option(
                "--provider",
                metavar="NAME",
                help=f"Whose known deviations to waive; they are shown as notes. One of {', '.join(provider_names())}.",
            ),
            click.option(
                "--format",
                "form",
                type=click.Choice(["text", "json"]),
                default="text",
                show_default=True,
                help="For a person, or as specs/schemas/report.json describes.",
            ),
            click.option(
                "-o",
                "--output",
                type=click.Path(dir_okay=False, writable=True, allow_dash=True),
                default="-",
                metavar="FILE",
                callback=in_a_folder,
                help="Where the report goes instead of standard output.",
            ),
            click.option(
                "--fail-on",
                type=click.Choice(FAIL_ON),
                default="error",
                show_default=True,
                help="The level from which findings make the exit code 1.",
            ),
        )
    ):
        command = option(command)
    return command


def named_profile(profile: str, provider: str | None) -> Profile:
    """Return the profile of a name.

    Raises:
        UnknownNameError: there is no such profile, or no such provider.
    """
    catalog = load()
    if provider:
        catalog.provider(provider)
    return catalog.profile(profile)


def timeout_option(says: str, default: float) -> Callable[[F], F]:  # type: ignore[explicit-any]  # as click has it
    """Return the option for how many seconds the other side may be silent."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help=says,
    )


def progress_options(command: F) -> F:  # type: ignore[explicit-any]  # as click has it
    """Add the options that say what a run may replace, and what it shows meanwhile."""
    overwrite = click.option("--overwrite", is_flag=True, help="Let --record replace the recordings that are there.")
    quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress on standard error.")
    return overwrite(quiet(command))


def exit_code(report: Report, fail_on: str) -> int:
    """Return 2 where a source was unreadable or nothing was judged, 1 where findings reach `fail_on`, else 0."""
    if report.unreadable or not report.judged:
        return 2
    return int(fail_on != "never" and report.reaches(Level(fail_on)))
