"""What the fixture `deltaproof` takes by parametrization, and the lists of it: faults, accumulators' cases.

What the fixture does with one is in the fixture; what a case holds an accumulator to is in cases.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from deltaproof.breaking import answered, broken_answers
from deltaproof.cassette import read_kept, read_path
from deltaproof.cassette.recording import Sighting
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.faults import Fault, InapplicableError, chosen
from deltaproof.plugin.cases import AccumulatorCase
from deltaproof.plugin.places import Names
from deltaproof.plugin.settings import RECORD, UPSTREAM

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet  # pytest has no public name for what `pytest.param` returns


FIXTURE = "deltaproof"

_RECORD = (
    f"Record first: pytest {RECORD.option} once {UPSTREAM.option} URL FILE, with a file of tests that use deltaproof"
)


class Parameter(Protocol):
    """What the fixture takes: it says what is served in place of a test's cassette. Its findings fail no test."""

    @property
    def name(self) -> str:
        """Its id among a test's parameters, which the name of the test's cassette leaves out."""

    @property
    def case(self) -> AccumulatorCase | None:
        """The case that it is; None for what needs the test's cassette."""

    def served(self, cassette: Path, *, timed: bool) -> Sequence[Exchange]:
        """Return what is to be served, in the recorded time or at once.

        Raises:
            InapplicableError: there is no use in it; the test is to be skipped.
        """


@dataclass(frozen=True, slots=True)
class Faulty:
    """A test's cassette with faults in the responses that they apply to, one after the other."""

    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """The names of the faults."""
        return ",".join(fault.name for fault in self.faults)

    @property
    def case(self) -> None:
        """None: it needs the test's cassette."""

    def served(self, cassette: Path, *, timed: bool) -> Sequence[Exchange]:
        """Return the exchanges of a cassette, or of all in a folder, with the faults.

        Raises:
            InapplicableError: they apply to none.
            UnreadableError: the cassette cannot be read.
        """
        kept, streams = _exchanges(read_kept(cassette)), _exchanges(read_path(cassette))
        return broken_answers(kept, streams, self.faults, timed=timed).exchanges


def faults(pattern: str | Sequence[str], *more: str | Sequence[str]) -> list[ParameterSet]:
    """Return a parameter for each fault, for the fixture `deltaproof` with `indirect=True`.

        @pytest.mark.parametrize("deltaproof", faults("name-*", "cut-*"), indirect=True)

    The test's client then gets the test's cassette with that fault; where it does not apply, the test is skipped.
    Several faults in one test are what the mark's `faults` is for.

    Args:
        pattern: a name that `deltaproof faults` lists, a shell pattern of such names, or a list of these.
        *more: further ones; each fault comes once.

    Raises:
        UnknownNameError: there is none of some name.
    """
    __tracebackhide__ = True
    words = [word for one in (pattern, *more) for word in ([one] if isinstance(one, str) else one)]
    try:
        return [pytest.param(Faulty((fault,)), id=fault.name) for fault in _chosen(words)]
    except DeltaproofError as error:
        raise error.with_traceback(None) from None  # from here: a module that is collected shows no line of ours


def accumulator_cases(
    cassettes: str | Path | Sequence[str | Path], faults: str | Sequence[str] = ()
) -> list[ParameterSet]:
    """Return a parameter for each recorded stream: an `AccumulatorCase`, for code that folds streams.

        @pytest.mark.parametrize("case", accumulator_cases("cassettes", faults=["name-*", "cut-*"]))
        def test_fold(case):
            with case.raises():
                case.assert_folded(fold(case.chunks()))

    With `indirect=True` on the fixture `deltaproof` the stream is served, and `deltaproof.case` is the case.

    Args:
        cassettes: files and folders of recordings in any format that `deltaproof check` reads; a relative path starts
            from the folder of the file that calls this.
        faults: names and patterns: each stream comes once more with each of these that applies to it. One that applies
            to no stream is a test that is skipped.

    Raises:
        UnknownNameError: there is no fault of some name.
        UnreadableError: there is no stream in these files, or one cannot be read.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame else None
    here = Path(caller.f_code.co_filename).parent if caller else Path()
    paths = [cassettes] if isinstance(cassettes, str | Path) else cassettes
    __tracebackhide__ = True
    try:
        return _parameters([here / path for path in paths], [faults] if isinstance(faults, str) else faults)
    except DeltaproofError as error:
        raise error.with_traceback(None) from None


def raise_if_direct(test: pytest.Function) -> None:
    """Raise for a parameter of the fixture that a test is to get in place of it.

    Raises:
        pytest.fail.Exception: there is one, and `indirect=True` is missing.
    """
    for mark in test.iter_markers("parametrize"):
        told = dict(zip(("argnames", "argvalues", "indirect"), mark.args, strict=False)) | dict(mark.kwargs)
        names, indirect = told.get("argnames", ()), told.get("indirect", False)
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        if FIXTURE not in names or indirect is True or (indirect and FIXTURE in indirect):
            continue
        values = told.get("argvalues")
        for value in values if isinstance(values, list | tuple) else ():  # others may give theirs only once
            row = getattr(value, "values", value if len(names) > 1 else (value,))
            if any(isinstance(one, Faulty | AccumulatorCase) for one in row):
                what = f'parametrize("{FIXTURE}", …) gets what the fixture {FIXTURE} takes'
                pytest.fail(f"{test.nodeid}: {what}. Add indirect=True to it", pytrace=False)


def raise_if_strange(value: object) -> None:
    """Raise for what is no parameter of the fixture.

    Raises:
        DeltaproofError: it is none; with what to write.
    """
    if value is None or callable(getattr(value, "served", None)):
        return
    names = [value] if isinstance(value, str) else value
    if not (isinstance(names, Sequence) and names and all(isinstance(name, str) for name in names)):
        names = ["name-repeated"]
    listed = ", ".join(f'"{name}"' for name in names)
    hint = f"Use faults({listed}) of deltaproof.testing"
    raise DeltaproofError(f"{value!r} is no parameter of the fixture {FIXTURE}", hint=hint)


def without_parameter(name: str, parameter: Parameter) -> str:
    """Return the name of a test without a parameter of the fixture: what a test serves is not what its cassette is."""
    test, bracket, ids = name.partition("[")
    left = f"-{ids.removesuffix(']')}-".replace(f"-{parameter.name}-", "-", 1).strip("-")
    return f"{test}[{left}]" if bracket and left else test


def _parameters(paths: Sequence[Path], patterns: Iterable[str]) -> list[ParameterSet]:
    """Return a parameter for each stream in some files and folders, then for each with each fault."""
    wanted = _chosen(patterns)
    whole = [case for path in paths for case in _cases(path)]
    if not whole:
        where = ", ".join(_names().path(path) for path in paths)
        raise UnreadableError("there is no streamed chat completion in it", where=where, hint=_RECORD)
    cases = list(whole)
    unfit: list[ParameterSet] = []
    for fault in wanted:
        changed = [case for one in whole if (case := _with_fault(one, fault)) is not None]
        cases += changed
        if not changed:
            skip = pytest.mark.skip(reason=f"{fault.name} applies to none of {len(whole):,} streams")
            unfit.append(pytest.param(None, id=fault.name, marks=skip))
    return [*(pytest.param(case, id=case.name) for case in cases), *unfit]


def _chosen(patterns: Iterable[str]) -> tuple[Fault, ...]:
    """Return the faults that are meant, each once."""
    found = {fault.name: fault for pattern in patterns for fault in chosen(pattern)}
    return tuple(found.values())


def _cases(path: Path) -> Iterator[AccumulatorCase]:
    """Yield a case for each stream of a file or folder."""
    if not path.exists():
        raise UnreadableError("nothing is recorded there", where=_names().path(path), hint=_RECORD)
    streams = list(_exchanges(read_path(path)))
    files = [one.source for one in streams]
    for one in streams:
        file = Path(one.source)
        below = file.relative_to(path) if file != path else Path(file.name)
        name = below.with_suffix("").as_posix()
        name = f"{name}-{one.entry}" if files.count(one.source) > 1 else name
        yield AccumulatorCase(name, _names().exchange(one))


def _names() -> Names:
    """Return what to call files where no configuration is at hand: pytest has been started here."""
    return Names(Path.cwd())


def _with_fault(case: AccumulatorCase, fault: Fault) -> AccumulatorCase | None:
    """Return a case with a fault, None where it does not apply or changes nothing that an accumulator gets."""
    try:
        changed = answered(case.exchange, [fault])
    except InapplicableError:
        return None
    return AccumulatorCase(f"{case.name}+{fault.name}", changed, fault)


def _exchanges(sightings: Iterable[Sighting]) -> Iterator[Exchange]:
    for one in sightings:
        if isinstance(one, DeltaproofError):
            raise one
        if isinstance(one, Exchange):
            yield one
