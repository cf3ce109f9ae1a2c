"""The harness that proves streamed tool calls right: the public names, each loaded when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deltaproof.checking import Checker, Report, check
    from deltaproof.drive.accumulators.replaying import replay_into
    from deltaproof.errors import DeltaproofError
    from deltaproof.verdict import Finding, Verdict

__version__ = "0.1.0"

__all__ = ["Checker", "DeltaproofError", "Finding", "Report", "Verdict", "__version__", "check", "replay_into"]

_HOMES = {
    "Checker": "checking",
    "DeltaproofError": "errors",
    "Finding": "verdict",
    "Report": "checking",
    "Verdict": "verdict",
    "check": "checking",
    "replay_into": "drive.accumulators.replaying",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module that defines it."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
