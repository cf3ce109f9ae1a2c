"""Facts about delta debugging: what is left is needed, and it is found the same way each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deltaproof.shrink.ddmin import smallest


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_exactly_what_is_needed_is_left(size: int, needed: set[int]) -> None:
    """Where some parts are needed each by itself, they are left, in their order."""
    wanted = {number for number in needed if number < size}
    assert smallest(tuple(range(size)), lambda kept: wanted <= set(kept)) == tuple(sorted(wanted))


@given(st.text("ab", max_size=30))
def test_no_single_part_can_be_left_out_in_the_end(text: str) -> None:
    """Also where parts depend on each other: as many of one letter as of the other, and one at least."""

    def holds(kept: str) -> bool:
        return kept.count("a") == kept.count("b") > 0

    if holds(text):
        left = smallest(text, holds)
        assert holds(left)
        assert not any(holds(left[:place] + left[place + 1 :]) for place in range(len(left)))


def test_a_coarse_search_leaves_no_run_of_that_size() -> None:
    """Of a long text only runs are tried, so that it does not take forever."""
    asked: list[int] = []

    def holds(kept: bytes) -> bool:
        asked.append(len(kept))
        return b"x" in kept

    assert len(smallest(b"a" * 5000 + b"x" + b"b" * 5000, holds, finest=100)) <= 100
    assert len(asked) < 500


def test_what_comes_last_is_left_out_first() -> None:
    """Of two that would do, the first stays."""
    assert smallest("abcabc", lambda kept: "a" in kept) == "a"
