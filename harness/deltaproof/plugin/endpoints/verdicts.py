"""What fails a test besides itself: findings, requests that are not recorded, entries that were not used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from deltaproof.exchange import Exchange
from deltaproof.plugin.endpoints.endpoint import Endpoint
from deltaproof.plugin.endpoints.passing import told
from deltaproof.plugin.texts import failing

KEY = "deltaproof"


@dataclass(slots=True)
class Held:
    """An endpoint, and what a test is held to there.

    Attributes:
        endpoint: of the test.
        fail_on: the level from which findings fail the test, "never" where the client is what is tested.
        unused: returns what is recorded and was not asked for, where that is to fail the test.
        afterwards: why the test counts as skipped although nothing was wrong; empty where it does not.
        told: how many troubles the test was told of.
        judged: how many exchanges its verdict was on; None where there was none.
        asks_later: whether fixtures that clean up may ask for what is not used when the test function ends.
    """

    endpoint: Endpoint
    fail_on: str
    unused: Callable[[], tuple[Exchange, ...]]
    afterwards: str = ""
    told: int = 0
    judged: int | None = None
    asks_later: bool = False

    def verdict(self) -> str:
        """Return why the test fails; nothing where it does not."""
        report = self.endpoint.report
        self.judged = len(report.judged) + len(report.skipped) + len(report.unreadable)
        return _joined(
            self._troubles(), failing(report, self.fail_on), "" if self.asks_later else _unused(self.unused())
        )

    def late(self) -> str:
        """Return why the test's teardown fails, by what passed after the verdict; nothing where it does not."""
        if self.judged is None:
            return self._troubles()
        report = self.endpoint.report_after(self.judged)
        return _joined(
            self._troubles(), failing(report, self.fail_on), _unused(self.unused()) if self.asks_later else ""
        )

    def _troubles(self) -> str:
        """Say what went wrong that was not told yet."""
        troubles = self.endpoint.troubles[self.told :]
        self.told += len(troubles)
        return told(troubles)


@contextmanager
def held(item: pytest.Item, endpoints: list[Held]) -> Iterator[None]:
    """Hold a test to what passed while the block ran; where it failed by itself, say in its report what passed.

    Raises:
        pytest.fail.Exception: something was wrong.
        pytest.skip.Exception: nothing was, and the test is to be run again.
    """
    __tracebackhide__ = True
    try:
        yield
    except (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception):
        raise
    except (Exception, pytest.fail.Exception):
        for one in endpoints:
            one.asks_later = False
            item.add_report_section("call", KEY, one.verdict())
        raise
    if text := _joined(*(one.verdict() for one in endpoints)):
        raise pytest.fail.Exception(text, pytrace=False)
    for one in endpoints:
        if one.afterwards:
            raise pytest.skip.Exception(one.afterwards, _use_item_location=True)


def raise_if_late(endpoints: list[Held]) -> None:
    """Fail the teardown of a test for what passed after its verdict.

    Raises:
        pytest.fail.Exception: something was wrong.
    """
    __tracebackhide__ = True
    if text := _joined(*(one.late() for one in endpoints)):
        raise pytest.fail.Exception(text, pytrace=False)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _unused(exchanges: tuple[Exchange, ...]) -> str:
    if not exchanges:
        return ""
    first, *others = [f"{one.source}#{one.entry} {one.method} {one.url}".rstrip() for one in exchanges]
    return "\n".join([f"recorded and not asked for: {first}", *(f"  and {other}" for other in others)])
