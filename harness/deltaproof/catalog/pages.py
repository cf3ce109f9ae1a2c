"""Rule pages: one Markdown file with front matter per rule, its cases and examples. Weighs and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from deltaproof.catalog.toml import read_toml
from deltaproof.catalog.words import GROUPS, LAYERS, PROMISE, Blame, Breaks, Level
from deltaproof.errors import CatalogError
from deltaproof.exchange import Evidence
from deltaproof.sse import LIMIT


@dataclass(frozen=True, slots=True)
class Case:
    """One way to deviate from a rule.

    Attributes:
        name: as deviations carry it.
        means: what it is, a phrase.
        levels: by profile.
        breaks: what it did to real clients, None where it was not measured.
        measured: the name of the measurement, empty where there is none.
        needs: the evidence without which it cannot be told, beside the rule's own.
        blame: whom it is held against.
        why: why it matters, in one line, where what the page says is not true of this case; else empty.
    """

    name: str
    means: str
    levels: Mapping[str, Level]
    breaks: Breaks | None
    measured: str
    needs: frozenset[Evidence]
    blame: Blame
    why: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A stream on a page that shows a case, or shows what conforms.

    Attributes:
        case: the case it deviates by, empty where it conforms.
        body: the stream, or the whole response with its head where `headed`.
        headed: whether status line and headers stand before the body.
        request: the request's JSON text, None where the page gives none.
        answer: the JSON text of the plain answer to the same request, None where the page gives none.
        end: how the stream ended, a word of `End`.
        also: the cases of other rules that it cannot but deviate by too, each as `slug.case`.
        limit: the most bytes that one event may have when it is judged.
    """

    case: str
    body: bytes
    headed: bool = False
    request: str | None = None
    answer: str | None = None
    end: str = "eof"
    also: frozenset[str] = frozenset()
    limit: int = LIMIT


@dataclass(frozen=True)
class Page:
    """One rule's entry in the catalog.

    Attributes:
        slug: the rule's name.
        layer: the layer of the wire it is about.
        promise: its place among the five that stand first in every report, 0 for all others.
        needs: the evidence without which nothing can be told.
        cases: by name, the gravest first.
        sources: where the rule comes from.
        text: the page without its front matter, Markdown.
    """

    slug: str
    layer: str
    promise: int
    needs: frozenset[Evidence]
    cases: Mapping[str, Case]
    sources: tuple[str, ...]
    text: str = field(repr=False)

    @property
    def order(self) -> tuple[int, int, str]:
        """What pages are sorted by in every report: group, place among the promises, name."""
        return GROUPS.index(self.group), self.promise, self.slug

    @property
    def group(self) -> str:
        """The group it is reported in."""
        return PROMISE if self.promise else self.layer

    @cached_property
    def statement(self) -> str:
        """What the rule demands: the page's first paragraph, in one line."""
        paragraphs = self.text.split("\n\n")
        return " ".join(next(p for p in paragraphs if p.strip() and not p.lstrip().startswith("#")).split())

    @cached_property
    def why(self) -> str:
        """Why it matters, in one line: the first paragraph under that heading."""
        return " ".join(self.section("Why it matters").strip().split("\n\n")[0].split())

    def section(self, heading: str) -> str:
        """Return the text under a second-level heading, empty where the page has none."""
        parts = re.split(r"^## (.+)$", self.text, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True)).get(heading, "")

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The streams shown on the page, in order.

        Fences are marked `sse` or `http` (a whole response), then `conforms` or `deviates CASE`, then optionally
        `escaped`, `end=WORD`, `limit=BYTES` and any number of `also=SLUG.CASE`. A fence `json request` or `json answer`
        holds for the streams after it.
        """
        return tuple(_examples(self.slug, self.text))


def read_page(path: Path) -> Page:
    """Read one page.

    Raises:
        CatalogError: its front matter is malformed.
    """
    text = path.read_text(encoding="utf-8")
    try:
        _, front, body = text.split("+++\n", 2)
    except ValueError:
        raise CatalogError("a page begins with front matter between two lines of +++", where=str(path)) from None
    fields = read_toml(front, path)
    try:
        blame = Blame(fields["blame"])
        cases = {name: _case(name, case, blame) for name, case in fields["cases"].items()}
        page = Page(
            slug=path.stem,
            layer=fields["layer"],
            promise=fields.get("promise", 0),
            needs=frozenset(Evidence(word) for word in fields.get("needs", [])),
            cases=cases,
            sources=tuple(fields["sources"]),
            text=body,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # a key is missing, or a value of another type
        raise CatalogError(f"its front matter is wrong: {error}", where=str(path)) from None
    if page.layer not in LAYERS:
        raise CatalogError(f"{page.layer!r} is no layer", where=str(path), hint=f"One of {', '.join(LAYERS)}")
    return page


def _case(name: str, fields: Mapping[str, Any], blame: Blame) -> Case:  # type: ignore[explicit-any]  # TOML
    breaks = fields.get("breaks")
    return Case(
        name=name,
        means=fields["means"],
        levels={profile: Level(level) for profile, level in fields["levels"].items()},
        breaks=Breaks(**{key: value for key, value in breaks.items() if key != "row"}) if breaks else None,
        measured=breaks["row"] if breaks else "",
        needs=frozenset(Evidence(word) for word in fields.get("needs", [])),
        blame=Blame(fields["blame"]) if "blame" in fields else blame,
        why=fields.get("why", ""),
    )


_FENCE = re.compile(r"^```(sse|http|json) (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
_SETTING = re.compile(r"end=(?P<end>\S+)|limit=(?P<limit>\d+)|also=(?P<also>\S+)")
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.|\n)")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"0": b"\0", b"\\": b"\\", b"\n": b""}


def _examples(slug: str, text: str) -> Iterator[Example]:
    """Read the marked fences of a page."""
    request = answer = None
    for fence in _FENCE.finditer(text):
        language, words, content = fence[1], fence[2].split(), fence[3]
        if words == ["request"]:
            request = content
            continue
        if words == ["answer"]:
            answer = content
            continue
        body = content.encode()
        if "escaped" in words:
            words.remove("escaped")
            body = _ESCAPE.sub(lambda match: _unescape(match[1]), body)
        settings = [setting for word in words if (setting := _SETTING.fullmatch(word))]
        also = frozenset(setting["also"] for setting in settings if setting["also"])
        end = next((setting["end"] for setting in settings if setting["end"]), "eof")
        limit = next((int(setting["limit"]) for setting in settings if setting["limit"]), LIMIT)
        match [word for word in words if not _SETTING.fullmatch(word)]:
            case ["conforms"]:
                case = ""
            case ["deviates", case]:
                pass
            case _:
                raise CatalogError(f"a fence is marked {fence[2]!r}", where=f"{slug}.md", hint="See CONTRIBUTING.md")
        yield Example(case, body, language == "http", request, answer, end, also, limit)


def _unescape(code: bytes) -> bytes:
    return bytes.fromhex(code[1:].decode()) if code[:1] == b"x" else _ESCAPED.get(code, code)
