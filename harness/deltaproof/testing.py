"""What tests import: lists for `pytest.mark.parametrize`, and the types of what tests are given. Defines nothing."""

from __future__ import annotations

from deltaproof.plugin.cases import AccumulatorCase, FoldedWrongError, NoMessageError
from deltaproof.plugin.endpoints.endpoint import Endpoint, Stream
from deltaproof.plugin.parameters import accumulator_cases, faults

__all__ = ["AccumulatorCase", "Endpoint", "FoldedWrongError", "NoMessageError", "Stream", "accumulator_cases", "faults"]
