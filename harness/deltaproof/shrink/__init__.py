"""The smallest recording that still shows something: by rules, or by whatever a caller asks. No clock, no files."""

from deltaproof.shrink.aim import NOTHING_NEW, aim_at, knowing
from deltaproof.shrink.shrinking import Shrunk, shrink

__all__ = ["NOTHING_NEW", "Shrunk", "aim_at", "knowing", "shrink"]
