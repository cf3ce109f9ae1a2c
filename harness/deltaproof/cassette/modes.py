"""When something is recorded: the words, as vcrpy and pytest-recording have them. What follows is elsewhere."""

from __future__ import annotations

from enum import StrEnum


class RecordMode(StrEnum):
    """What becomes of a request, by what is recorded already.

    NONE: nothing is recorded; what is not there is an error. ONCE: recorded if the cassette was not there at the start;
    what is not in one that was is an error. NEW_EPISODES: what is not there is recorded. ALL: everything is recorded,
    and added to what is there. REWRITE: as ALL, but what was there at the start goes with the first that is kept.
    """

    NONE = "none"
    ONCE = "once"
    NEW_EPISODES = "new_episodes"
    ALL = "all"
    REWRITE = "rewrite"
