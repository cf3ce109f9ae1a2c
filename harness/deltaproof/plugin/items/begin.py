"""The items that are not tests of a file: which plugins see to them, begun only where they are asked for."""

from __future__ import annotations

import pytest

from deltaproof.errors import DeltaproofError
from deltaproof.plugin.settings import CHECK_CASSETTES, URL, in_our_words, text_of


def begin(config: pytest.Config) -> None:
    """Begin with cassettes, the conformance suite or both, before anything else is said or collected.

    Raises:
        pytest.UsageError: something that is set is wrong, or the endpoint is not there.
    """
    try:
        if text_of(config, CHECK_CASSETTES):
            from deltaproof.plugin.items.cassettes import Cassettes

            config.pluginmanager.register(Cassettes(config), "deltaproof-cassettes")
        if text_of(config, URL):
            from deltaproof.plugin.items.conformance import Conformance

            config.pluginmanager.register(Conformance(config), "deltaproof-conformance")
    except DeltaproofError as error:
        raise pytest.UsageError(in_our_words(error)) from error
