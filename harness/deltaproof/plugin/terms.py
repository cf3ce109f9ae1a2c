"""By what a test's streams are judged, and which of it fails the test: marks before settings. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from deltaproof.catalog import load
from deltaproof.plugin.marks import Mark
from deltaproof.plugin.settings import FAIL_ON, PROFILE, PROVIDER, STRICT, is_on, text_of


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts in one test.

    Attributes:
        profile, provider: by which streams are judged; the provider is None for nobody's waivers.
        fail_on: the level from which findings fail the test, "never" for none.
        strict: whether what is recorded and not used fails it.
    """

    profile: str
    provider: str | None
    fail_on: str
    strict: bool


def terms_of(config: pytest.Config, mark: Mark) -> Terms:
    """Return what counts in a test.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    profile = mark.profile or text_of(config, PROFILE)
    provider = mark.provider or text_of(config, PROVIDER)
    load().profile(profile)
    if provider:
        load().provider(provider)
    return Terms(profile, provider or None, mark.fail_on or text_of(config, FAIL_ON), is_on(config, STRICT))
