"""Sends the committed cassettes through a gateway that runs, whole and broken, and sums up what came out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from deltaproof.catalog import load
from deltaproof.errors import DeltaproofError
from deltaproof.passage.kinds import Kind
from deltaproof.report.through import MEANS
from tools.gateways.gateway import Gateway
from tools.gateways.measured import Measured, Told, committed
from tools.servers.environment import ROOT

BROKEN = ("empower/empower-weather", "aimock/text-before-call", "aimock/usage-included")
"""Recordings without errors that are broken on purpose: two calls; text, then a call; a call, then usage."""

FAULTS = (
    "name-*", "index-*", "id-missing", "id-late", "id-changing", "arguments-truncated", "message-for-delta",
    "choices-missing", "finish-missing", "finish-twice", "done-*", "cut-*", "error-*", "refused-string", "plain-answer",
    "cr", "crlf", "bom", "comment", "data-*", "event-lines", "newline-single", "blank-line-missing", "json-truncated",
)  # fmt: skip
"""What of the recordings is broken: names, indexes, ids, the end, cuts, errors, framing."""

_NAMES = 3
_SHOWN = 240  # characters of what came out
_WARM = 12  # passages for a gateway to load what it loads on its first ones


class Remark(TypedDict):
    """What `specs/schemas/through.json` has of a remark."""

    kind: str
    reason: str
    finding: dict[str, str] | None
    out: dict[str, str] | None


class Passage(TypedDict):
    """What `specs/schemas/through.json` has of a passage."""

    name: str
    recording: str
    fault: str | None
    held: bool
    remarks: list[Remark]


def measure(gateway: Gateway, upstream: int) -> Measured:
    """Send all cassettes through a gateway, then some with faults, one at a time so that none waits for another."""
    whole = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "cassettes").glob("*/*.yaml"))]
    _through(gateway, upstream, whole[:_WARM])
    document = _through(gateway, upstream, ["cassettes"])
    passages: Sequence[Passage] = document["passages"]
    added = document["first_fragment"] or {"median": None, "p99": None}
    faulty = _through(gateway, upstream, [f"cassettes/{name}.yaml" for name in BROKEN], "--faults", ",".join(FAULTS))
    broken, tried = _broken(faulty["passages"])
    return Measured(
        title=gateway.title,
        version=gateway.version,
        settings=gateway.settings,
        configuration=gateway.configuration,
        deltaproof=document["deltaproof"],
        recordings=committed(),
        passages=document["totals"]["passages"],
        wrong=document["totals"]["wrong"],
        held=sum(one["held"] for one in passages),
        median=_milliseconds(added["median"]),
        p99=_milliseconds(added["p99"]),
        told=tuple(_told(passages)),
        broken=broken,
        tried=tried,
    )


def _through(gateway: Gateway, upstream: int, paths: Sequence[str], *options: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - JSON
    """Send recordings through a gateway, and return what `--format json` says of it."""
    command = [str(Path(sys.executable).with_name("deltaproof")), "replay", *paths, "--through", gateway.url]
    command += ["--upstream-port", str(upstream), "--jobs", "1", "--fail-on", "never", "--format", "json", *options]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own command
    if ran.returncode:
        raise DeltaproofError(f"exit code {ran.returncode}", where=" ".join(command))
    return json.loads(ran.stdout)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 1)


def _rule(remark: Remark) -> str:
    finding = remark["finding"]
    return f"{finding['rule']}.{finding['case']}" if finding else ""


def _told(passages: Sequence[Passage]) -> Iterator[Told]:
    """Put together what is said of several passages, the gravest first, then the most frequent."""
    together: dict[tuple[str, str], dict[str, Remark]] = {}
    for passage in passages:
        for remark in passage["remarks"]:
            key = remark["kind"], _rule(remark)
            together.setdefault(key, {}).setdefault(passage["name"], remark)
    order = list(Kind)
    for kind, rule in sorted(together, key=lambda key: (order.index(Kind(key[0])), -len(together[key]))):
        said = together[kind, rule]
        first = next(iter(said.values()))
        yield Told(kind, rule, _means(kind, rule), len(said), tuple(said)[:_NAMES], _came(first))


def _means(kind: str, rule: str) -> str:
    """Say what it is: the words of the rule's page for its case, else those for the kind."""
    slug, _, case = rule.partition(".")
    return load().pages[slug].cases[case].means if rule else MEANS[Kind(kind)]


def _came(remark: Remark) -> str:
    text = (remark["out"] or {}).get("text", "")
    words = remark["reason"] if not remark["finding"] and "held" not in remark["kind"] else " ".join(text.split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def _broken(passages: Sequence[Passage]) -> tuple[Mapping[str, Mapping[str, int]], Mapping[str, int]]:
    """Count by fault what is said of broken recordings and was not of the whole ones; held fragments are no news."""
    usual: dict[str, set[tuple[str, str]]] = {}
    broken: dict[str, Counter[str]] = {}
    tried: Counter[str] = Counter()
    for passage in passages:
        name, fault = passage["recording"], passage["fault"]
        said = {(remark["kind"], _rule(remark)) for remark in passage["remarks"]}
        if not fault:
            usual[name] = said
            continue
        tried[fault] += 1
        words = (f"{kind} {rule}".rstrip() for kind, rule in said - usual.get(name, set()) if kind != Kind.HELD_BACK)
        broken.setdefault(fault, Counter()).update(words)
    return {fault: dict(sorted(words.items())) for fault, words in broken.items()}, dict(tried)
