"""Where a failure of ours is told to be: at its test, since our own lines say nothing to anyone."""

from __future__ import annotations

from pathlib import Path

import pytest

_OURS = Path(__file__).parents[1]


def lead_to_test(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException], report: pytest.TestReport) -> None:
    """Let a report of a failure that is told by words alone lead terminals, editors and annotations to its test."""
    crash = getattr(report.longrepr, "reprcrash", None)
    is_told = isinstance(raised.value, pytest.fail.Exception) and not raised.value.pytrace
    if is_told and crash is not None and _OURS in Path(raised.traceback[-1].path).parents:
        crash.path, crash.lineno = str(item.path), (item.location[1] or 0) + 1
