"""Scenarios: one request each to make of a live endpoint, what it must exercise, why. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from deltaproof.catalog.toml import read_toml
from deltaproof.catalog.words import Level
from deltaproof.errors import CatalogError


class Kind(StrEnum):
    """What is done with a scenario's request.

    STREAM: it is sent. SWEEP: it is sent once per value of one member. PARITY: it is sent again without streaming.
    HISTORY: the assembled message is sent back with a reply to each call. PAIR: two of it are sent at once. HANG_UP:
    the client goes in the middle of the stream, then sends it again. REFUSAL: it is sent to be refused.
    """

    STREAM = "stream"
    SWEEP = "sweep"
    PARITY = "parity"
    HISTORY = "history"
    PAIR = "pair"
    HANG_UP = "hang-up"
    REFUSAL = "refusal"


GROUPS = ("basics", "tool-choice", "parallel", "schemas", "values", "options", "sessions", "variants", "refusals")
"""What the scenarios are about, in the order in which they run and are reported."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a response must have in it; a model that does otherwise leaves the scenario unexercised.

    Attributes:
        text: some text.
        text_first: some text before the first call.
        calls: at least so many calls in some choice.
        tools: at least so many different tools among them.
        arguments: at least so many bytes of arguments in one call.
        contains: each of these strings somewhere in the values of the arguments.
        custom: a call of a custom tool.
        function_call: a legacy function call.
        cut: a call whose arguments end before they are complete.
        logprobs: log probabilities of some tokens.
    """

    text: bool = False
    text_first: bool = False
    calls: int = 0
    tools: int = 0
    arguments: int = 0
    contains: tuple[str, ...] = ()
    custom: bool = False
    function_call: bool = False
    cut: bool = False
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        name: its file's name.
        title: what it is about, a phrase.
        group: one of `GROUPS`.
        kind: what is done with the request.
        request: the JSON object to send; `{nonce}` in its strings and keys stands for a fresh word, and the target's
            model goes where the request names none.
        body: what to send in place of `request` where it is to be no JSON object; `{model}` stands for the model as
            a JSON string. Empty otherwise.
        exercises: what the response must have in it.
        rules: the slugs of the rules it is there for.
        optional: the feature that a server may refuse, a phrase; empty where it may not.
        sweep: the member of the request that changes and the values it takes; empty unless the kind is SWEEP.
        reply: what each tool replies, JSON text; empty unless the kind is HISTORY.
        levels: by profile, what it weighs when a request to be refused is accepted; empty unless the kind is REFUSAL.
    """

    name: str
    title: str
    group: str
    kind: Kind
    request: Mapping[str, object]
    body: str
    exercises: Exercise
    rules: tuple[str, ...]
    optional: str
    sweep: tuple[str, tuple[object, ...]]
    reply: str
    levels: Mapping[str, Level]


_KEYS = {
    "title", "group", "kind", "request", "body", "exercises", "rules", "optional", "sweep", "reply", "levels",
}  # fmt: skip


def read_scenario(path: Path) -> Scenario:
    """Read one scenario, named like its file.

    Raises:
        CatalogError: it is malformed, or has a key that scenarios do not have.
    """
    told = read_toml(path.read_text(encoding="utf-8"), path)
    if unknown := sorted(told.keys() - _KEYS):
        raise CatalogError(f"scenarios have no {', '.join(unknown)}", where=str(path))
    try:
        sweep = next(iter(told.get("sweep", {}).items()), ("", ()))
        scenario = Scenario(
            name=path.stem,
            title=told["title"],
            group=told["group"],
            kind=Kind(told["kind"]),
            request=told.get("request", {}),
            body=told.get("body", ""),
            exercises=_exercise(told.get("exercises", {})),
            rules=tuple(told["rules"]),
            optional=told.get("optional", ""),
            sweep=(sweep[0], tuple(sweep[1])),
            reply=told.get("reply", ""),
            levels={profile: Level(level) for profile, level in told.get("levels", {}).items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(f"this scenario is wrong: {error}", where=str(path)) from None
    if scenario.group not in GROUPS:
        raise CatalogError(f"{scenario.group!r} is no group", where=str(path), hint=f"One of {', '.join(GROUPS)}")
    if bool(scenario.request) is bool(scenario.body):
        raise CatalogError("a scenario has either a request or a body", where=str(path))
    return scenario


def _exercise(told: Mapping[str, object]) -> Exercise:
    if unknown := sorted(told.keys() - {field.name for field in fields(Exercise)}):
        raise ValueError(f"nothing to exercise is called {', '.join(unknown)}")
    contains = told.get("contains", [])
    if not isinstance(contains, list):
        raise TypeError("contains is no array")
    return Exercise(**{**told, "contains": tuple(contains)})  # type: ignore[arg-type]  # the keys were compared


def run_order(scenario: Scenario) -> tuple[int, str]:
    """Return where a scenario stands among all: by group, then by name."""
    return (GROUPS.index(scenario.group), scenario.name)
