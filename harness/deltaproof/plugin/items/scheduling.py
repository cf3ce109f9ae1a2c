"""Which xdist worker runs what beside the conformance suite: a scenario's items in one, the rest as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from deltaproof.plugin.items.named import SUITE

if TYPE_CHECKING:
    from xdist.remote import Producer


class _ByScenario(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own scheduler, whose scopes are its place for this."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rsplit("::", 1)[0] if nodeid.startswith(f"{SUITE}::") else nodeid


def by_scenario(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return the scheduler of a run."""
    return _ByScenario(config, log)
