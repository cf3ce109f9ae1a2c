"""A callable that a package registers as an accumulator, in a process of its own. Arguments: MODULE:NAME PACKAGE."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import reduce
from importlib import import_module

from lines import serve

place, package = sys.argv[1:]
module, _, name = place.partition(":")
accumulate = reduce(getattr, name.split("."), import_module(module))


def fold(case: dict[str, object]) -> Mapping[str, object]:
    """Give the callable the request and the base URL; it returns a message."""
    message: Mapping[str, object] = accumulate(case["request"], case["base_url"])  # type: ignore[operator]  # anything may be registered
    return message


serve(fold, package)
