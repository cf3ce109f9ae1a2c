"""What came of recordings sent through a gateway as JSON, as `specs/schemas/through.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from deltaproof.passage.kinds import Kind
from deltaproof.passage.passage import Passages
from deltaproof.passage.remarks import Remark, Remarked
from deltaproof.passage.spots import Spot, spots_of
from deltaproof.report.json_report import Document, finding_document, message_document
from deltaproof.report.through import added_by, kinds

_DIGITS = 6  # of a second


def through_document(passages: Passages, found: Sequence[Remarked]) -> Document:
    """Return what came of a gateway as a JSON object; its keys and values are stable."""
    counts = kinds(found)
    added = added_by(found)
    return {
        "deltaproof": version("deltaproof"),
        "gateway": passages.gateway,
        "upstream": passages.upstream,
        "server": passages.server or None,
        "profile": passages.profile,
        "provider": passages.provider,
        "passages": [_passage(one) for one in found],
        "unsent": list(passages.unsent),
        "why_unsent": passages.why_unsent,
        "strays": dict(passages.strays),
        "first_fragment": None
        if added is None
        else {
            "median": round(added.median, _DIGITS),
            "p99": None if added.p99 is None else round(added.p99, _DIGITS),
            "passages": added.passages,
            "asked_after": round(added.asked_after, _DIGITS),
            "held": sum(one.passage.held for one in found),
        },
        "totals": {
            "passages": len(found),
            "wrong": sum(one.is_wrong for one in found),
            "unseen": sum(one.is_unseen for one in found),
            "kinds": {kind.value: counts.get(kind, 0) for kind in Kind},
        },
        "seconds": round(passages.seconds, _DIGITS),
    }


def _passage(one: Remarked) -> Document:
    passage = one.passage
    return {
        "name": passage.given.name,
        "recording": passage.given.origin,
        "fault": passage.given.fault,
        "outcome": one.ruling.outcome,
        "reason": one.ruling.reason,
        "asked": passage.asked,
        "held": passage.held,
        "slow": passage.slow,
        "asked_after_seconds": None if passage.asked_after is None else round(passage.asked_after, _DIGITS),
        "added_seconds": None if passage.added is None else round(passage.added, _DIGITS),
        "remarks": [_remark(one, remark) for remark in one.remarks],
        "sent": message_document(passage.given.judged.judgement.message),
        "came": None if passage.came is None else message_document(passage.came.judgement.message),
    }


def _remark(one: Remarked, remark: Remark) -> Document:
    spots = spots_of(one.passage, remark)
    return {
        "kind": remark.kind,
        "reason": remark.reason,
        "finding": None if remark.finding is None else finding_document(remark.finding),
        "in": _spot(spots.given),
        "out": _spot(spots.came),
    }


def _spot(spot: Spot) -> Document:
    return {"event": spot.event, "offset": spot.offset, "text": spot.text}
