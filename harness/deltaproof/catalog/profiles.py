"""Profiles and providers: how much a case weighs, and for whom it is waived. Knows no pages' text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deltaproof.catalog.pages import Case, Page
from deltaproof.catalog.toml import read_toml
from deltaproof.catalog.words import COLUMNS, Level
from deltaproof.errors import CatalogError


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

    def gravest(self, page: Page) -> Level:
        """Return the gravest level that any case of a rule has."""
        return min((self.level(page.slug, case) for case in page.cases.values()), key=list(Level).index)


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of one provider: a waiver and its reason by `slug` or `slug.case`."""

    name: str
    waivers: Mapping[str, str]

    def waiver(self, slug: str, case: str) -> str | None:
        """Return why a case is waived, None where it is not."""
        return self.waivers.get(f"{slug}.{case}") or self.waivers.get(slug)


def read_profile(path: Path) -> Profile:
    """Read one profile, named like its file.

    Raises:
        CatalogError: it is malformed.
    """
    fields = read_toml(path.read_text(encoding="utf-8"), path)
    try:
        overrides = {key: Level(level) for key, level in fields.get("levels", {}).items()}
        profile = Profile(path.stem, fields["title"], fields.get("base", path.stem), overrides)
    except (AttributeError, KeyError, ValueError) as error:  # a key is missing, or a value of another type
        raise CatalogError(f"this profile is wrong: {error}", where=str(path)) from None
    if not isinstance(profile.title, str):
        raise CatalogError("the title of a profile is a text", where=str(path))
    if profile.base not in COLUMNS:
        raise CatalogError(f"{profile.base!r} is no base", where=str(path), hint=f"One of {', '.join(COLUMNS)}")
    return profile


def read_provider(path: Path) -> Provider:
    """Read one provider's waivers, named like their file.

    Raises:
        CatalogError: they are malformed.
    """
    fields = read_toml(path.read_text(encoding="utf-8"), path)
    waivers = fields.get("waivers")
    if set(fields) != {"waivers"} or not isinstance(waivers, dict):
        raise CatalogError("a provider has a table of waivers and nothing else", where=str(path))
    if strange := [key for key, reason in waivers.items() if not isinstance(reason, str)]:
        raise CatalogError(f"the reason for {strange[0]!r} is no text", where=str(path), hint="Put slug.case in quotes")
    return Provider(path.stem, waivers)
