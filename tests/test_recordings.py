"""Facts about real recordings: whatever they hold, they are judged, and what is judged is plausible."""

from __future__ import annotations

import pytest

from deltaproof.catalog import load
from deltaproof.checking import check_paths
from deltaproof.verdict import Verdict, judge
from tools.corpus import CORPUS, SHARED, recorded_streams

FOREIGN = SHARED / "foreign-cassettes"
absent = "these recordings are no part of the repository; ../shared is absent"


@pytest.mark.skipif(not FOREIGN.is_dir(), reason=absent)
def test_every_foreign_cassette_is_judged() -> None:
    """No file of other recorders is unreadable, and each session in them has a verdict on every rule."""
    report = check_paths([FOREIGN])
    assert report.unreadable == ()
    assert len(report.judged) == 72
    for judged in report.judged:
        assert list(judged.judgement.verdicts) == list(load().pages)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=absent)
def test_every_recorded_stream_folds_to_a_message() -> None:
    """All streams are judged in every profile; one that holds tool calls folds to a message with calls."""
    for recorded in recorded_streams():
        judgements = [judge(recorded.exchange, profile=profile) for profile in load().profiles]
        verdicts = {tuple(judgement.verdicts.items()) for judgement in judgements}
        assert len(verdicts) == 1, "a profile weighs; it does not decide"
        assert Verdict.CONFORMS in judgements[0].verdicts.values()
        message = judgements[0].message
        if recorded.calls_tools:
            assert any(choice.tool_calls or choice.function_call for choice in message.choices), recorded.id
