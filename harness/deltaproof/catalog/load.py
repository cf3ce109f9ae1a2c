"""The whole catalog as it came with the package: pages, profiles, providers, scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from deltaproof.catalog.pages import Page, read_page
from deltaproof.catalog.profiles import Profile, Provider, read_profile, read_provider
from deltaproof.catalog.scenarios import Scenario, read_scenario, run_order
from deltaproof.errors import CatalogError, UnknownNameError

T = TypeVar("T")
_NEAR = 8  # names with a part in common that fit into a line


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


def _named(kind: str, name: str, known: Mapping[str, T]) -> T:
    if name in known:
        return known[name]
    raise UnknownNameError(f"there is no {kind} {name!r}", hint=_advice(kind, name, list(known)))


def _advice(kind: str, name: str, known: Sequence[str]) -> str:
    """Say which name may be meant: one with a part in common, one that is spelled alike, or else any."""
    if near := [other for other in known if name in other or other in name]:
        return f"Known: {', '.join(near[:_NEAR])}" + (", …" if len(near) > _NEAR else "")
    if alike := get_close_matches(name, known):
        return f"Did you mean {' or '.join(alike)}?"
    return "`deltaproof rules` lists them" if kind == "rule" else f"Known: {', '.join(known)}"


def provider_names() -> list[str]:
    """Return the names of the providers without reading what is known of them.

    Raises:
        CatalogError: the catalog is missing.
    """
    return sorted(path.stem for path in (specs_folder() / "providers").glob("*.toml"))


def specs_folder() -> Path:
    """Return the folder `specs`: inside the installed package, or at the top of a checkout.

    Raises:
        CatalogError: it is in neither place, so the installation is damaged.
    """
    here = Path(__file__).parent.parent
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
    pages = [read_page(path) for path in sorted((folder / "rules").glob("*.md"))]
    pages.sort(key=lambda page: page.order)
    profiles = [read_profile(path) for path in sorted((folder / "profiles").glob("*.toml"))]
    providers = [read_provider(path) for path in sorted((folder / "providers").glob("*.toml"))]
    return Catalog(
        pages={page.slug: page for page in pages},
        profiles={profile.name: profile for profile in profiles},
        providers={provider.name: provider for provider in providers},
    )


def load_scenarios(folder: Path | None = None) -> dict[str, Scenario]:
    """Read the scenarios, by name in the order they run; apart from the rest, because only `run` needs them.

    Raises:
        CatalogError: one of them is malformed.
    """
    scenarios = [read_scenario(path) for path in ((folder or specs_folder()) / "scenarios").glob("*.toml")]
    return {scenario.name: scenario for scenario in sorted(scenarios, key=run_order)}


def choose_scenarios(patterns: Iterable[str], known: Mapping[str, Scenario]) -> tuple[Scenario, ...]:
    """Return the scenarios whose names any of the shell patterns matches, in the order they run; all without one.

    Raises:
        UnknownNameError: a pattern matches none.
    """
    wanted = list(patterns) or ["*"]
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in known):
            _named("scenario", pattern, known)
    return tuple(scenario for name, scenario in known.items() if any(fnmatchcase(name, pattern) for pattern in wanted))
