"""The pytest plugin: what pytest calls, and no more. Inert until a fixture, a mark or an option asks for it.

Loading it imports nothing else of deltaproof but the names of the settings: a suite that does not use it pays nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from deltaproof.plugin import settings
from deltaproof.plugin.snapshots.hooks import SnapshotHooks

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from xdist.workermanage import WorkerController

    from deltaproof.plugin.endpoints.endpoint import Endpoint

MARK = (
    "deltaproof(cassette, upstream, profile, provider, fail_on, faults, timing, split): how the endpoint of the"
    " fixture `deltaproof` answers, and by what its streams are judged."
)

USED = pytest.StashKey[bool]()
"""Whether any test has asked for an endpoint: until one has, nothing else is imported."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the ini options of the same names."""
    settings.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and watch over snapshots."""
    config.addinivalue_line("markers", MARK)
    config.pluginmanager.register(SnapshotHooks(config), "deltaproof-snapshots")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Look at what is set, and begin with the items that are not tests of a file, where they are asked for."""
    settings.raise_if_wrong(session.config)
    if settings.text_of(session.config, settings.URL) or settings.text_of(session.config, settings.CHECK_CASSETTES):
        from deltaproof.plugin.items.begin import begin

        begin(session.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse what is a parameter of the fixture and is to take its place."""
    if "deltaproof" in metafunc.fixturenames and "deltaproof.plugin.parameters" in sys.modules:
        from deltaproof.plugin.parameters import raise_if_direct

        raise_if_direct(metafunc.definition)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Look at the cassettes that are to be rewritten, before a worker of pytest-xdist says that it is ready."""
    if settings.text_of(session.config, settings.RECORD) == "rewrite":
        from deltaproof.plugin.endpoints.shared import look_before

        look_before(session)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker of pytest-xdist what it cannot see, since others may have begun to record by then."""
    if settings.text_of(node.config, settings.RECORD) != settings.RECORD.default:
        from deltaproof.plugin.endpoints.session import TOLD, begun

        node.workerinput[TOLD] = begun(node.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin to count what passes at the session's endpoint for another test."""
    if USED in item.config.stash:
        from deltaproof.plugin.endpoints.session import begin

        begin(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge what passed in a test that has an endpoint."""
    __tracebackhide__ = True
    if USED not in item.config.stash:
        return (yield)
    from deltaproof.plugin.endpoints.fixtures import verdict_on

    with verdict_on(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Judge what fixtures asked at the session's endpoint when they cleaned up."""
    __tracebackhide__ = True
    result = yield
    if USED in item.config.stash:
        from deltaproof.plugin.endpoints.fixtures import verdict_on_teardown

        verdict_on_teardown(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let what failed for what passed lead to its test."""
    report = yield
    if call.excinfo is not None and USED in item.config.stash:
        from deltaproof.plugin.endpoints.spots import lead_to_test

        lead_to_test(item, call.excinfo, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let recordings know of an interrupt before the fixtures of the test that it ended clean up."""
    if USED in session.config.stash:
        from deltaproof.plugin.endpoints.interrupts import tell_of_interrupt

        tell_of_interrupt(session)


@pytest.fixture
def deltaproof(request: pytest.FixtureRequest) -> Generator[Endpoint, None, None]:
    """An endpoint that answers from the test's cassette, or records into it; its streams are judged with the test."""
    request.config.stash[USED] = True
    from deltaproof.plugin.endpoints.fixtures import endpoint_of_a_test

    yield from endpoint_of_a_test(request)


@pytest.fixture(scope="session")
def deltaproof_session(request: pytest.FixtureRequest) -> Generator[Endpoint, None, None]:
    """An endpoint for all tests that ask for it, with one cassette; each test is judged by what passes during it."""
    request.config.stash[USED] = True
    from deltaproof.plugin.endpoints.fixtures import endpoint_of_the_session

    yield from endpoint_of_the_session(request)


@pytest.fixture
def deltaproof_environ(deltaproof: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The variables that are set to lead clients in any language to the test's endpoint, such as OPENAI_BASE_URL."""
    from deltaproof.plugin.endpoints.environ import lead_to

    return lead_to(deltaproof, monkeypatch)
