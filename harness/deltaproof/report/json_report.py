"""A report as JSON, as `specs/schemas/report.json` describes it."""

from __future__ import annotations

import json
from collections import Counter
from importlib.metadata import version

from deltaproof.catalog import Breaks, Level
from deltaproof.checking import PROTOCOL, Judged, Report
from deltaproof.exchange import Evidence
from deltaproof.fold import FoldedCall, FoldedChoice, Message
from deltaproof.verdict import Finding, Verdict

Document = dict[str, object]


def document(report: Report) -> Document:
    """Return a report as the JSON object that `--format json` prints; its keys and values are stable."""
    return {
        "deltaproof": version("deltaproof"),
        "profile": report.profile,
        "provider": report.provider,
        "exchanges": [_exchange(judged) for judged in report.judged],
        "skipped": [
            {"source": skipped.source, "entry": skipped.entry, "reason": skipped.reason} for skipped in report.skipped
        ],
        "unreadable": [
            {"source": error.where, "reason": error.what, "hint": error.hint} for error in report.unreadable
        ],
        "totals": _totals(report),
    }


def json_text(content: Document) -> str:
    """Return a document as indented JSON that is ASCII only, so that no terminal or encoding stumbles over it."""
    return json.dumps(content, indent=2) + "\n"


def _exchange(judged: Judged) -> Document:
    exchange, judgement = judged.exchange, judged.judgement
    return {
        "source": exchange.source,
        "entry": exchange.entry,
        "protocol": PROTOCOL,
        "scenario": exchange.scenario or None,
        "end": exchange.end,
        "events": judgement.transcript.events,
        "bytes": judgement.transcript.size,
        "evidence": [kind for kind in Evidence if kind in judgement.evidence],
        "verdicts": dict(judgement.verdicts),
        "findings": [finding_document(finding) for finding in judgement.findings],
        "message": message_document(judgement.message),
    }


def finding_document(finding: Finding) -> Document:
    """Return one finding as a JSON object."""
    return {
        "rule": finding.rule,
        "case": finding.case,
        "level": finding.level,
        "blame": finding.blame,
        "choice": finding.choice,
        "tool_call": finding.tool_call,
        "event": finding.event,
        "offset": finding.offset,
        "count": finding.count,
        "last_event": finding.last_event,
        "message": finding.message,
        "text": finding.text,
        "breaks": _breaks(finding.breaks),
        "waiver": finding.waiver,
    }


def _breaks(breaks: Breaks | None) -> Document | None:
    if breaks is None:
        return None
    return {
        "clients": breaks.clients,
        "wrong": breaks.wrong,
        "lost": breaks.lost,
        "error": breaks.error,
        "soft": breaks.soft,
    }


def message_document(message: Message) -> Document:
    """Return a folded message as a JSON object."""
    return {"choices": [_choice(choice) for choice in message.choices]}


def _choice(choice: FoldedChoice) -> Document:
    shown: Document = {"index": choice.index, "content": choice.content}
    if choice.refusal is not None:
        shown["refusal"] = choice.refusal
    if choice.reasoning is not None:
        shown["reasoning"] = choice.reasoning
    shown["tool_calls"] = [_call(call) for call in choice.tool_calls]
    if choice.function_call is not None:
        shown["function_call"] = {"name": choice.function_call.name, "arguments": choice.function_call.arguments}
    return shown | {"finish_reason": choice.finish_reason}


def _call(call: FoldedCall) -> Document:
    return {
        "index": call.index,
        "id": call.id,
        "type": call.type,
        "name": call.name,
        "arguments": call.arguments,
    }


def _totals(report: Report) -> Document:
    verdicts = Counter(verdict for judged in report.judged for verdict in judged.judgement.verdicts.values())
    levels = report.levels
    return {
        "exchanges": len(report.judged),
        "findings": {level.value: levels[level] for level in Level if level is not Level.OFF},
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "skipped": len(report.skipped),
        "unreadable": len(report.unreadable),
    }
