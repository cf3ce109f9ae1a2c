"""Reads `specs/`: rule pages, profiles, providers. Finds no deviations and weighs none."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from deltaproof.errors import CatalogError, UnknownNameError
from deltaproof.exchange import Evidence

CLIENTS = 36
"""How many published accumulators the figures of `breaks` were measured with."""

LAYERS = ("transport", "envelope", "choice", "delta", "tool-call", "arguments", "termination", "usage", "request")
"""The layers of the wire, outermost first."""

PROMISE = "promise"
"""The group of the five rules that deltaproof exists for; it stands before the layers in every report."""

GROUPS = (PROMISE, *LAYERS)


class Level(StrEnum):
    """How much a deviation weighs in a profile."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OFF = "off"


class Blame(StrEnum):
    """Whom a deviation is held against."""

    TRANSPORT = "transport"
    SSE = "sse"
    JSON = "json"
    PROTOCOL = "protocol"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Breaks:
    """What a deviation did to the measured clients; the counts do not overlap.

    Attributes:
        wrong: a wrong call delivered without an error.
        lost: the call gone without an error.
        error: an exception, or no answer.
        soft: ids, finish_reason, text or order damaged.
        clients: how many were measured.
    """

    wrong: int = 0
    lost: int = 0
    error: int = 0
    soft: int = 0
    clients: int = CLIENTS

    def __str__(self) -> str:
        """Say it in a sentence: "breaks 10 of 36 measured clients, 10 of them silently"."""
        broken, silent = self.wrong + self.lost + self.error, self.wrong + self.lost
        if not broken:
            damaged = f", damages ids, text or order in {self.soft}" if self.soft else ""
            return f"breaks none of {self.clients} measured clients{damaged}"
        quiet = "all of them silently" if silent == broken else f"{silent} of them silently"
        return f"breaks {broken} of {self.clients} measured clients" + (f", {quiet}" if silent else ", with an error")


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
    """

    name: str
    means: str
    levels: Mapping[str, Level]
    breaks: Breaks | None
    measured: str
    needs: frozenset[Evidence]
    blame: Blame


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
    """

    case: str
    body: bytes
    headed: bool = False
    request: str | None = None
    answer: str | None = None
    end: str = "eof"


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

    def level(self, profile: str) -> Level:
        """Return the gravest level that any case has in a profile."""
        order = list(Level)
        return min((case.levels[profile] for case in self.cases.values()), key=order.index)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The streams shown on the page, in order.

        Fences are marked `sse` or `http` (a whole response), then `conforms` or `deviates CASE`, then optionally
        `escaped` and `end=WORD`. A fence `json request` or `json answer` holds for the streams after it.
        """
        return tuple(_examples(self.slug, self.text))


@dataclass(frozen=True, slots=True)
class Profile:
    """Which rules count, and how much.

    Attributes:
        name: as `--profile` takes it.
        title: what it stands for, a phrase.
        base: the profile whose column of levels on the pages it starts from.
        overrides: levels by `slug` or `slug.case` that replace those of the base.
    """

    name: str
    title: str
    base: str
    overrides: Mapping[str, Level]

    def level(self, slug: str, case: Case) -> Level:
        """Return how much a case of a rule weighs."""
        for key in (f"{slug}.{case.name}", slug):
            if key in self.overrides:
                return self.overrides[key]
        return case.levels[self.base]


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of one provider: a waiver and its reason by `slug` or `slug.case`."""

    name: str
    waivers: Mapping[str, str]

    def waiver(self, slug: str, case: str) -> str | None:
        """Return why a case is waived, None where it is not."""
        return self.waivers.get(f"{slug}.{case}") or self.waivers.get(slug)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All pages by slug in the order of a report, all profiles and all providers by name."""

    pages: Mapping[str, Page]
    profiles: Mapping[str, Profile]
    providers: Mapping[str, Provider]

    def page(self, slug: str) -> Page:
        """Return a rule's page.

        Raises:
            UnknownNameError: there is no such rule.
        """
        return _named("rule", slug, self.pages)

    def profile(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            UnknownNameError: there is no such profile.
        """
        return _named("profile", name, self.profiles)

    def provider(self, name: str) -> Provider:
        """Return a provider's waivers.

        Raises:
            UnknownNameError: there is no such provider.
        """
        return _named("provider", name, self.providers)


T = Any  # the values of the three mappings share nothing but having a name


def _named(kind: str, name: str, known: Mapping[str, T]) -> T:
    if name in known:
        return known[name]
    near = [other for other in known if name in other or other in name] or list(known)
    shown = ", ".join(near[:8]) + (", …" if len(near) > 8 else "")  # noqa: PLR2004 - what fits into a line
    raise UnknownNameError(f"there is no {kind} {name!r}", hint=f"Known: {shown}")


def specs_folder() -> Path:
    """Return the folder `specs`: inside the installed package, or at the top of a checkout.

    Raises:
        CatalogError: it is in neither place, so the installation is damaged.
    """
    here = Path(__file__).parent
    for folder in (here / "specs", here.parent.parent / "specs"):
        if (folder / "rules").is_dir():
            return folder
    raise CatalogError("the rule pages are missing", where=str(here), hint="Install deltaproof again")


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Catalog:
    """Read the catalog, once per folder; without a folder, the one that came with the package.

    Raises:
        CatalogError: a file in it is malformed.
    """
    folder = folder or specs_folder()
    pages = [_page(path) for path in sorted((folder / "rules").glob("*.md"))]
    pages.sort(key=lambda page: (GROUPS.index(page.group), page.promise, page.slug))
    profiles = [_profile(path) for path in sorted((folder / "profiles").glob("*.toml"))]
    providers = [_provider(path) for path in sorted((folder / "providers").glob("*.toml"))]
    return Catalog(
        pages={page.slug: page for page in pages},
        profiles={profile.name: profile for profile in profiles},
        providers={provider.name: provider for provider in providers},
    )


def _page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    try:
        _, front, body = text.split("+++\n", 2)
    except ValueError:
        raise CatalogError("a page begins with front matter between two lines of +++", where=str(path)) from None
    fields = _toml(front, path)
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
    except (KeyError, ValueError) as error:
        raise CatalogError(f"its front matter is wrong: {error}", where=str(path)) from None
    if page.layer not in LAYERS:
        raise CatalogError(f"{page.layer!r} is no layer", where=str(path), hint=f"One of {', '.join(LAYERS)}")
    return page


def _case(name: str, fields: Mapping[str, Any], blame: Blame) -> Case:
    breaks = fields.get("breaks")
    return Case(
        name=name,
        means=fields["means"],
        levels={profile: Level(level) for profile, level in fields["levels"].items()},
        breaks=Breaks(**{key: value for key, value in breaks.items() if key != "row"}) if breaks else None,
        measured=breaks["row"] if breaks else "",
        needs=frozenset(Evidence(word) for word in fields.get("needs", [])),
        blame=Blame(fields["blame"]) if "blame" in fields else blame,
    )


def _profile(path: Path) -> Profile:
    fields = _toml(path.read_text(encoding="utf-8"), path)
    try:
        overrides = {key: Level(level) for key, level in fields.get("levels", {}).items()}
        return Profile(path.stem, fields["title"], fields.get("base", path.stem), overrides)
    except (KeyError, ValueError) as error:
        raise CatalogError(f"this profile is wrong: {error}", where=str(path)) from None


def _provider(path: Path) -> Provider:
    fields = _toml(path.read_text(encoding="utf-8"), path)
    return Provider(path.stem, fields.get("waivers", {}))


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"its TOML is wrong: {error}", where=str(path)) from None


_FENCE = re.compile(r"^```(sse|http|json) (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
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
        end = next((word.removeprefix("end=") for word in words if word.startswith("end=")), "eof")
        match [word for word in words if not word.startswith("end=")]:
            case ["conforms"]:
                case = ""
            case ["deviates", case]:
                pass
            case _:
                raise CatalogError(f"a fence is marked {fence[2]!r}", where=f"{slug}.md", hint="See CONTRIBUTING.md")
        yield Example(case, body, language == "http", request, answer, end)


def _unescape(code: bytes) -> bytes:
    return bytes.fromhex(code[1:].decode()) if code[:1] == b"x" else _ESCAPED.get(code, code)
