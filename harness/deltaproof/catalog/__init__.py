"""Reads `specs/`: rule pages, profiles, providers. Finds no deviations and weighs none."""

from deltaproof.catalog.load import Catalog, load, specs_folder
from deltaproof.catalog.pages import Case, Example, Page, read_page
from deltaproof.catalog.profiles import Profile, Provider, read_profile, read_provider
from deltaproof.catalog.words import CLIENTS, COLUMNS, GROUPS, LAYERS, PROMISE, Blame, Breaks, Level

__all__ = [
    "CLIENTS",
    "COLUMNS",
    "GROUPS",
    "LAYERS",
    "PROMISE",
    "Blame",
    "Breaks",
    "Case",
    "Catalog",
    "Example",
    "Level",
    "Page",
    "Profile",
    "Provider",
    "load",
    "read_page",
    "read_profile",
    "read_provider",
    "specs_folder",
]
