"""`deltaproof accumulators`: which client code can fold recordings here, and what installs what is missing."""

from __future__ import annotations

import click


@click.command(short_help="List the client code that can fold recordings, or install it.")
@click.option(
    "--install",
    "names",
    multiple=True,
    metavar="NAME",
    help="Install what an accumulator needs, with pinned versions, in an environment of its own; `cheap` and `all` too."
    " Repeatable.",
)
def accumulators(*, names: tuple[str, ...]) -> None:
    """List the accumulators that `deltaproof replay --accumulator` takes by name, or install what they need.

    What is installed goes to the folder that DELTAPROOF_HOME names, without it to the one for caches. Packages may
    register more in the entry point group `deltaproof.accumulators`: callables that take a request and a base URL and
    return a message. What else can take part, docs/accumulators.md says.

    \b
        deltaproof accumulators
        deltaproof accumulators --install smolagents --install ai

    Exit codes: 0; 2 there is no such accumulator, or it cannot be installed.
    """  # noqa: D301 - click takes the control character as its mark
    if names:
        _install(names)
        return
    from deltaproof.drive.accumulators.chosen import every_accumulator, unreachable
    from deltaproof.report.accumulators import print_accumulators
    from deltaproof.report.terminal import console_for

    print_accumulators(every_accumulator(), console_for())
    for found in unreachable():
        package = found.dist.name if found.dist is not None else found.value
        click.echo(f"{package} registers {found.name!r}, which is taken: that one cannot be named", err=True)


def _install(names: tuple[str, ...]) -> None:
    from deltaproof.accumulate.known import known_accumulator
    from deltaproof.drive.accumulators.chosen import expanded, registered
    from deltaproof.drive.accumulators.clients import install

    wanted = [
        known_accumulator(one) for name in names for one in expanded(name) if one == name or one not in registered()
    ]
    done: set[str] = set()
    for accumulator in wanted:
        if accumulator.environment not in done:
            click.echo(f"{accumulator.name} …", err=True)
            folder = install(accumulator)
            done.add(accumulator.environment)
            click.echo(f"{accumulator.name} is installed in {folder}")
