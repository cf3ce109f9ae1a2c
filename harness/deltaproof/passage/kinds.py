"""The kinds of remarks on passages, and from which of them on a run fails. When each is made is in remarks.py."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What can be said of a passage, the gravest first.

    Of what came out: EXECUTABLE, SWALLOWED, UNUSABLE, LOST, NO_ANSWER, ERROR, IDS_LOST and FINISH_LOST are outcomes of
    accumulators. MIXED_UP: it is the answer to another request. ERROR_LOST: an error became a body that ends in order,
    short of its end. MADE_UP: the upstream was never asked. DEVIATES: a rule is broken that what went in had not broken
    so. HELD_BACK: the first fragment waited for what came after it. USAGE_CHANGED: the usage is another, or gone though
    it was asked for.

    Worth knowing: REPAIRED: a rule was broken by what went in, and what came out conforms to it. DEVIATES_NOTE: as
    DEVIATES, of a rule that counts as a note. STATUS: a refusal came with another status. ERROR_REWORDED: an error has
    other words, another type or code. END: a broken body ends in order. REFUSED: what the upstream would have refused
    was refused without asking it. ASKED_AGAIN: the upstream was asked more than once. MERGED: a text came out in fewer
    fragments than it went in, so that some waited for others. SLOW: the first fragment came late, and did not wait for
    what came after it. UNSEEN: the upstream fell silent, and the gateway had not given up on it when our client did.
    """

    EXECUTABLE = "wrong-executable"
    MIXED_UP = "mixed-up"
    SWALLOWED = "swallowed"
    ERROR_LOST = "error-lost"
    MADE_UP = "made-up"
    UNUSABLE = "wrong-unusable"
    LOST = "lost"
    NO_ANSWER = "no-answer"
    ERROR = "error"
    DEVIATES = "deviates"
    HELD_BACK = "held-back"
    IDS_LOST = "ids-lost"
    FINISH_LOST = "finish-lost"
    USAGE_CHANGED = "usage-changed"
    REPAIRED = "repaired"
    DEVIATES_NOTE = "deviates-note"
    STATUS = "status"
    ERROR_REWORDED = "error-reworded"
    END = "end"
    REFUSED = "refused"
    ASKED_AGAIN = "asked-again"
    MERGED = "merged"
    SLOW = "slow"
    UNSEEN = "unseen"

    @property
    def is_wrong(self) -> bool:
        """Whether it is more than worth knowing."""
        return self not in _NOTES


_NOTES = frozenset(
    {
        Kind.REPAIRED,
        Kind.DEVIATES_NOTE,
        Kind.STATUS,
        Kind.ERROR_REWORDED,
        Kind.END,
        Kind.REFUSED,
        Kind.ASKED_AGAIN,
        Kind.MERGED,
        Kind.SLOW,
        Kind.UNSEEN,
    }
)


class FailOn(StrEnum):
    """From which kinds of remarks on a run fails.

    WRONG: something came out that was not sent. SILENT: that, or something is missing without an error, or an error was
    swallowed, or nothing came in time. ERROR: that, or an error where there should be a message. ANY: whatever is
    wrong. NOTE: that, or something worth knowing, such as a repair.
    """

    WRONG = "wrong"
    SILENT = "silent"
    ERROR = "error"
    ANY = "any"
    NOTE = "note"
    NEVER = "never"


_WRONG = frozenset({Kind.EXECUTABLE, Kind.MIXED_UP, Kind.UNUSABLE})
_SILENT = _WRONG | {Kind.SWALLOWED, Kind.ERROR_LOST, Kind.MADE_UP, Kind.LOST, Kind.NO_ANSWER}
FAILING: Mapping[FailOn, frozenset[Kind]] = {
    FailOn.WRONG: _WRONG,
    FailOn.SILENT: _SILENT,
    FailOn.ERROR: _SILENT | {Kind.ERROR},
    FailOn.ANY: frozenset(Kind) - _NOTES,
    FailOn.NOTE: frozenset(Kind),
    FailOn.NEVER: frozenset(),
}
"""What fails a run, by what the operator asked for."""
