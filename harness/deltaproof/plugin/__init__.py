"""The pytest plugin: what pytest calls, and no more. Inert until a fixture, a mark or an option asks for it.

Loading it imports nothing else of deltaproof but the names of the settings: a suite that does not use it pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltaproof.plugin import settings

if TYPE_CHECKING:
    import pytest

MARK = (
    "deltaproof(cassette, upstream, profile, provider, fail_on, faults, timing, split): how the endpoint of the"
    " fixture `deltaproof` answers, and by what its streams are judged."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the ini options of the same names."""
    settings.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", MARK)
