"""Reads `specs/`: rule pages, profiles, providers, scenarios. Finds no deviations and weighs none."""

from deltaproof.catalog.load import Catalog, choose_scenarios, load, load_scenarios, provider_names, specs_folder
from deltaproof.catalog.pages import Case, Example, Page, read_page
from deltaproof.catalog.profiles import Profile, Provider, read_profile, read_provider
from deltaproof.catalog.scenarios import Exercise, Kind, Scenario, read_scenario
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
    "Exercise",
    "Kind",
    "Level",
    "Page",
    "Profile",
    "Provider",
    "Scenario",
    "choose_scenarios",
    "load",
    "load_scenarios",
    "provider_names",
    "read_page",
    "read_profile",
    "read_provider",
    "read_scenario",
    "specs_folder",
]
