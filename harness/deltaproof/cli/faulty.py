"""Recordings broken on purpose before they are served: the response, not the request, which a client sends itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from deltaproof.breaking import broken
from deltaproof.cassette import read_path
from deltaproof.cli.files import plain
from deltaproof.exchange import Exchange
from deltaproof.faults import Fault, InapplicableError, chosen, is_pattern


def with_faults(exchanges: Sequence[Exchange], paths: Iterable[str], names: str, seed: int) -> list[Exchange]:
    """Return exchanges, their streams with faults where these apply; tell on standard error where they do not.

    Args:
        exchanges: as kept.
        paths: where they were read.
        names: the faults, with commas between them, applied in order.
        seed: as of `Fault.apply`.

    Raises:
        UnknownNameError: there is no such fault.
        InapplicableError: they apply to none, or the names are a pattern: several faults of a kind do not go together.
    """
    if is_pattern(names):
        raise InapplicableError("a pattern may mean several faults", where=names, hint="Name them, with commas")
    faults = chosen(names)
    streams = {
        (one.source, one.entry): plain(one)
        for path in paths
        for one in read_path(Path(path))
        if isinstance(one, Exchange)
    }
    served = []
    refused: Counter[str] = Counter()
    for exchange in exchanges:
        stream = streams.get((exchange.source, exchange.entry))
        try:
            served.append(exchange if stream is None else _answered(stream, faults, seed))
        except InapplicableError as error:
            refused[error.what] += 1
            served.append(exchange)
    if refused.total() == len(streams):
        raise InapplicableError(next(iter(refused), f"{names} does not apply: there is no stream"))
    for what, times in refused.items():
        click.echo(f"served as recorded, {times:,} of {len(streams):,}: {what}", err=True)
    return served


def _answered(exchange: Exchange, faults: Sequence[Fault], seed: int) -> Exchange:
    """Return an exchange with faults in its response.

    Raises:
        InapplicableError: they do not apply, or they change the request alone.
    """
    changed = broken(exchange, faults, seed=seed)
    asked = replace(changed, request=exchange.request, sent=exchange.sent, sent_headers=exchange.sent_headers)
    answered = replace(asked, answer=exchange.answer)
    if answered == exchange:
        names = ", ".join(fault.name for fault in faults)
        raise InapplicableError(f"{names} does not apply: it changes what was asked for, and that the client sends")
    return answered
