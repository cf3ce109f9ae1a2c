"""The recording proxy before an upstream, for a test: what it records goes into one cassette. Decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deltaproof.cassette.append import Version
from deltaproof.cassette.modes import RecordMode
from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrub_table import project_scrub
from deltaproof.catalog import load
from deltaproof.drive.http.target import read_target
from deltaproof.drive.record.keeper import Gone, Kept, Lost, Missed, Played
from deltaproof.drive.record.proxy import Place
from deltaproof.drive.record.session import Plan, Told, recording
from deltaproof.drive.record.upstream import Origin, read_origin
from deltaproof.drive.record.watch import Judging
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.plugin.endpoints.endpoint import Endpoint
from deltaproof.plugin.endpoints.interrupts import is_interrupted, told_of_interrupts
from deltaproof.plugin.endpoints.passing import Passing, Trouble
from deltaproof.plugin.endpoints.served import served
from deltaproof.plugin.endpoints.verdicts import Held
from deltaproof.plugin.places import SUFFIX, Names
from deltaproof.plugin.settings import API_KEY_ENV, UPSTREAM, text_of
from deltaproof.plugin.terms import Terms

_PATIENCE = 600.0  # seconds that the upstream may be silent
_GRACE = 1.0  # seconds that the rest of a response may take when the client has what it wants


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded for a test: from where, into which cassette, which of it, and what the cassette was before."""

    upstream: str
    cassette: Path
    mode: RecordMode
    was: Version | None


@contextmanager
def recorded(node: pytest.Item | pytest.Session, wanted: Recording, terms: Terms) -> Iterator[Held]:
    """Relay to an upstream, and keep what it answers, for as long as the block runs.

    Raises:
        DeltaproofError: no upstream is named, its key is missing, or the cassette cannot be written.
    """
    config, cassette = node.config, wanted.cassette
    if cassette.suffix != SUFFIX or cassette.is_dir():
        raise DeltaproofError("nothing can be recorded there", where=named(cassette), hint=f"Name a file in {SUFFIX}")
    scrub = project_scrub(config.rootpath)
    plan = Plan(
        origin=_origin(config, wanted.upstream),
        folder=cassette.parent,
        mode=wanted.mode,
        scrub=scrub,
        place=Place("127.0.0.1", 0),
        judging=Judging(load().profile(terms.profile), terms.provider, Cleaner(scrub)),
        patience=_PATIENCE,
        cassette=cassette.stem,
        was=wanted.was,
        gone=Gone.HOLD,
    )
    passing = Passing()
    names = Names(config.invocation_params.dir)
    left: list[str] = []

    def tell(told: Told) -> None:
        match told:
            case Kept(exchange=exchange) | Played(exchange=exchange):
                passing.exchanges.append(names.exchange(exchange))
            case Missed(why=why):
                passing.troubles.append(Trouble(f"not recorded: {why}"))
            case Lost(error=error):
                passing.troubles.append(Trouble(f"not kept: {names.error(error)}"))
            case Exchange():
                left.append(
                    f"{names.path(Path(told.source))}#{told.entry} is what had come when a recording was killed"
                )
            case DeltaproofError():
                left.append(f"what had come when a recording was killed is not in its cassette: {names.error(told)}")

    thread = served(config)
    with thread.entered(recording(plan, tell)) as proxy:
        for one in left:
            node.warn(pytest.PytestWarning(one))

        def settle() -> None:
            thread.ask(proxy.interrupt() if is_interrupted(node.session) else proxy.settle(_GRACE))

        with told_of_interrupts(config, settle):
            endpoint = Endpoint(proxy.url, passing, terms, settle, lambda: proxy.passing)
            yield Held(endpoint, terms.fail_on, tuple)


def _origin(config: pytest.Config, upstream: str) -> Origin:
    """Return what is recorded, with its key if one is named."""
    url = upstream or text_of(config, UPSTREAM)
    if not url:
        hint = f"Name it: {UPSTREAM.option} URL, or upstream= of the mark"
        raise DeltaproofError("there is no upstream to record", hint=hint)
    name = text_of(config, API_KEY_ENV)
    return replace(read_origin(url), key=read_target(url, "", name or None, os.environ).key)
