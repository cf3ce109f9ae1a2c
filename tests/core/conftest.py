"""How hypothesis is used here. No test."""

from __future__ import annotations

from hypothesis import settings

# How long things take is proven in test_time.py, by ratios; a deadline in milliseconds fails on a busy machine.
settings.register_profile("core", deadline=None)
settings.load_profile("core")
