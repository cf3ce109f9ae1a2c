"""What has to be so before pytester runs. No test, no fixture."""

from __future__ import annotations

import yaml  # noqa: F401 - pytester unloads what a test loads, and the part of PyYAML in C cannot be loaded twice
