"""Which endpoint a test gets: its cassette's, its parameter's, or one that records. What it is held to is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deltaproof.cassette.append import Version, version_of
from deltaproof.cassette.modes import RecordMode
from deltaproof.drive.play.replay_server import Options
from deltaproof.errors import DeltaproofError
from deltaproof.plugin.endpoints.replaying import cassette_replayed, existing, replayed, was_killed
from deltaproof.plugin.endpoints.shared import version_before
from deltaproof.plugin.endpoints.verdicts import Held
from deltaproof.plugin.marks import NAME, Mark, read_mark
from deltaproof.plugin.places import Names, cassette_of
from deltaproof.plugin.settings import RECORD, text_of
from deltaproof.plugin.terms import Terms, terms_of

if TYPE_CHECKING:
    from deltaproof.plugin.parameters import Parameter


@contextmanager
def opened(request: pytest.FixtureRequest) -> Iterator[Held]:
    """Open the endpoint of the test that asks for it.

    Raises:
        DeltaproofError: a cassette cannot be read or written, a fault's is not there, or a mark or setting says what
            cannot be.
        pytest.skip.Exception: the test is to get a recording with a fault that does not apply to it.
    """
    node: pytest.Item = request.node
    mark = read_mark(node)
    terms = terms_of(request.config, mark)
    options = Options(mark.speed, mark.how, tells_scenarios=False)
    parameter = _parameter(request, mark)
    if parameter is not None:
        opening = _from_parameter(request, mark, parameter, options, terms)
    else:
        cassette = cassette_of(node, mark.cassette, node.name)
        source = source_now(request.config, cassette, mark.upstream)
        if text_of(request.config, RECORD) == RecordMode.REWRITE:
            source = replace(source, was=version_before(node, cassette))
        opening = from_cassette(node, source, terms, options)
    with opening as held:
        yield held


@dataclass(frozen=True, slots=True)
class Source:
    """Where answers come from.

    Attributes:
        cassette: in which they are, or into which they go.
        mode: what is done with it: NONE to replay, any other to record.
        was: what it was when the test began, or the session that it is for; None if it was not there.
        upstream: to record, in place of the one that is set.
    """

    cassette: Path
    mode: RecordMode
    was: Version | None
    upstream: str = ""


def source_now(config: pytest.Config, cassette: Path, upstream: str = "") -> Source:
    """Decide by what a cassette is now, and by what is set, whether to replay or to record.

    Raises:
        DeltaproofError: the system refuses to look at it.
    """
    was = version_of(cassette)
    mode = RecordMode(text_of(config, RECORD))
    if mode is RecordMode.ONCE and was is not None:
        mode = RecordMode.REWRITE if was_killed(cassette) else RecordMode.NONE
    elif mode is not RecordMode.NONE and was is None:
        mode = RecordMode.REWRITE  # what a killed recording left makes way for this one
    return Source(cassette, mode, was, upstream)


@contextmanager
def from_cassette(node: pytest.Item | pytest.Session, source: Source, terms: Terms, options: Options) -> Iterator[Held]:
    """Serve a cassette or record into it.

    Raises:
        DeltaproofError: it cannot be read or written, or there is no upstream to record.
    """
    if source.mode is RecordMode.NONE:
        opening = cassette_replayed(node.config, source.cassette, options, terms)
    else:
        from deltaproof.plugin.endpoints.recording import Recording, recorded

        opening = recorded(node, Recording(source.upstream, source.cassette, source.mode, source.was), terms)
    with opening as held:
        yield held


@contextmanager
def _from_parameter(
    request: pytest.FixtureRequest, mark: Mark, parameter: Parameter, options: Options, terms: Terms
) -> Iterator[Held]:
    """Serve what a parameter says; where it needs a cassette that is not there, record that, as is set.

    What is recorded is the upstream's own: the parameter is for the next run.
    """
    from deltaproof.faults import InapplicableError
    from deltaproof.plugin.parameters import without_parameter

    node: pytest.Item = request.node
    cassette = cassette_of(node, mark.cassette, without_parameter(node.name, parameter))
    names = Names(request.config.invocation_params.dir)
    needed = parameter.case is None
    if needed and (source := _lacking(request.config, cassette, mark.upstream)):
        with from_cassette(node, source, terms, options) as held:
            yield replace(held, afterwards=f"recorded, for {parameter.name} to be made of it by the next run")
        return
    try:
        exchanges = parameter.served(existing(cassette, names) if needed else cassette, timed=mark.speed is not None)
    except InapplicableError as error:
        raise pytest.skip.Exception(str(error)) from None
    with replayed(request.config, [names.exchange(one) for one in exchanges], options, terms) as held:
        held.endpoint.case = parameter.case
        yield replace(held, fail_on="never", unused=tuple)


def _lacking(config: pytest.Config, cassette: Path, upstream: str) -> Source | None:
    """Return how to record a cassette that is not there or not whole, None where it is or nothing is to be recorded."""
    source = source_now(config, cassette, upstream)
    lacks = source.was is None or text_of(config, RECORD) == RecordMode.ONCE
    return source if lacks and source.mode is not RecordMode.NONE else None


def _parameter(request: pytest.FixtureRequest, mark: Mark) -> Parameter | None:
    """Return what the test is parametrized with, or the faults of its mark.

    Raises:
        DeltaproofError: it has both, or a word of its mark may name several faults.
    """
    given: Parameter | None = getattr(request, "param", None)
    if not mark.faults:
        return given
    where = request.node.nodeid
    if given is not None:
        what = f"the mark {NAME} has faults, and the fixture {NAME} a parameter, which takes their place"
        raise DeltaproofError(what, where=where, hint="Leave out one of them")
    from deltaproof.faults import is_pattern, named
    from deltaproof.plugin.parameters import Faulty

    for name in mark.faults:
        if "," in name or is_pattern(name):
            hint = (
                "Name each, since the mark applies all at once;"
                f' for one after the other, parametrize("{NAME}", faults("{name}"), indirect=True)'
            )
            raise DeltaproofError(f"the mark {NAME} has {name!r} for one fault", where=where, hint=hint)
    return Faulty(tuple(named(name) for name in mark.faults))
