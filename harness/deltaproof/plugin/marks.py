"""What the mark `deltaproof` says of one test, checked. What holds where it says nothing is in terms.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deltaproof.errors import DeltaproofError
from deltaproof.plugin.settings import LEVELS, raise_unless_url
from deltaproof.split import How, Split

NAME = "deltaproof"
KEYWORDS = ("cassette", "upstream", "profile", "provider", "fail_on", "faults", "timing", "split")

SERVING = ("cassette", "upstream", "faults", "timing", "split")
"""The keywords that say how an endpoint answers, and so can be for a test's own alone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is said of a test; empty where nothing is.

    Attributes:
        cassette: a path, from the folder of the module's cassettes; a folder for all that is in it.
        upstream, profile, provider, fail_on: in place of the options of these names.
        faults: the names of what breaks the recording, in the order in which it does.
        speed: how many times as fast as recorded; None for as fast as the client reads.
        how: where bodies are split.
    """

    cassette: str = ""
    upstream: str = ""
    profile: str = ""
    provider: str = ""
    fail_on: str = ""
    faults: tuple[str, ...] = ()
    speed: float | None = None
    how: How = Split.RECORDED


def read_mark(node: pytest.Item) -> Mark:
    """Return what the marks of a test say: of each keyword the mark that is nearest to it, class before module.

    Raises:
        DeltaproofError: a mark has something else than these keywords, or a value that none of its keywords takes.
    """
    told: dict[str, object] = {}
    for mark in node.iter_markers(NAME):
        if mark.args:
            hint = f"Write cassette={mark.args[0]!r}, or what it was to be: {', '.join(KEYWORDS)}"
            raise DeltaproofError(f"the mark {NAME} takes keywords only", where=node.nodeid, hint=hint)
        for name, value in mark.kwargs.items():
            if name not in KEYWORDS:
                hint = f"It has {', '.join(KEYWORDS)}"
                raise DeltaproofError(f"the mark {NAME} has no keyword {name!r}", where=node.nodeid, hint=hint)
            told.setdefault(name, value)
    said = _Said(told, node.nodeid)
    return Mark(
        cassette=said.path("cassette"),
        upstream=said.url("upstream"),
        profile=said.text("profile"),
        provider=said.text("provider"),
        fail_on=said.word("fail_on", LEVELS),
        faults=said.names("faults"),
        speed=said.speed("timing"),
        how=said.how("split"),
    )


def raise_if_not_for_all(node: pytest.Item) -> None:
    """Raise where a test that has the session's endpoint alone has a mark, not of its class, that says how it answers.

    Raises:
        DeltaproofError: it has one, of which nothing would come.
    """
    told = [name for mark in node.own_markers if mark.name == NAME for name in SERVING if name in mark.kwargs]
    if told:
        what = f"the mark {NAME} has {', '.join(told)}, which the fixture {NAME}_session does not take"
        raise DeltaproofError(what, where=node.nodeid, hint=f"Use the fixture {NAME}, or leave it out")


@dataclass(frozen=True, slots=True)
class _Said:
    """The keywords of a test's marks, each to be read as what it is meant to be."""

    told: Mapping[str, object]
    where: str

    def path(self, name: str) -> str:
        match self.told.get(name, ""):
            case str() | Path() as path:
                return os.fspath(path)
            case value:
                raise self._wrong(name, value, "a path, as text or pathlib's")

    def text(self, name: str) -> str:
        match self.told.get(name, ""):
            case str() as text:
                return text
            case value:
                raise self._wrong(name, value, "a text")

    def url(self, name: str) -> str:
        url = self.text(name)
        try:
            if url:
                raise_unless_url(url)
        except DeltaproofError as error:
            raise DeltaproofError(f"{name} of the mark {NAME}: {error}", where=self.where) from None
        return url

    def word(self, name: str, words: tuple[str, ...]) -> str:
        match self.told.get(name, ""):
            case "":
                return ""
            case str() as word if word in words:
                return word
            case value:
                raise self._wrong(name, value, f"one of {', '.join(words)}")

    def names(self, name: str) -> tuple[str, ...]:
        match self.told.get(name, ()):
            case list() | tuple() as names if all(isinstance(one, str) for one in names):
                return tuple(map(str, names))
            case value:
                raise self._wrong(name, value, "a list of names, which `deltaproof faults` lists")

    def speed(self, name: str) -> float | None:
        match self.told.get(name):
            case None | "none" | 0:
                return None
            case "recorded":
                return 1.0
            case int() | float() as factor if factor > 0 and not isinstance(factor, bool):
                return float(factor)
            case value:
                raise self._wrong(name, value, '"recorded", "none", or how many times as fast as recorded')

    def how(self, name: str) -> How:
        match self.told.get(name, Split.RECORDED):
            case str() as word if word in list(Split):
                return Split(word)
            case int() as size if size > 0 and not isinstance(size, bool):
                return size
            case value:
                raise self._wrong(name, value, f"one of {', '.join(Split)}, or how many bytes a piece has")

    def _wrong(self, name: str, value: object, meant: str) -> DeltaproofError:
        return DeltaproofError(f"the mark {NAME} has {name}={value!r}", where=self.where, hint=f"It takes {meant}")
