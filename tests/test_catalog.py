"""Facts about the catalog: its parts agree with each other, and a malformed file is refused by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deltaproof.catalog import COLUMNS, Catalog, Level, load, read_page, read_profile, read_provider
from deltaproof.errors import CatalogError

DEFAULT = "de-facto"

FRONT = """+++
layer = "tool-call"
blame = "protocol"
sources = ["a specification, a section"]

[cases.split]
means = "it comes in pieces"
levels = { openai-strict = "error", de-facto = "error", lenient = "off" }
breaks = { wrong = 1, row = "a row" }
needs = ["bytes"]
+++

# some-rule

It comes whole.
"""


def keys() -> Iterator[object]:
    """Return every key of an override or a waiver, with the file that it stands in."""
    catalog = load()
    for profile in catalog.profiles.values():
        for key in profile.overrides:
            yield pytest.param(key, id=f"{profile.name}-{key}")
    for provider in catalog.providers.values():
        for key in provider.waivers:
            yield pytest.param(key, id=f"{provider.name}-{key}")


def levels_of(catalog: Catalog, profile: str, key: str) -> set[Level]:
    """Return the levels that a profile has for the case that a key names, or for all cases of its rule."""
    slug, _, case = key.partition(".")
    page = catalog.pages[slug]
    cases = [page.cases[case]] if case else list(page.cases.values())
    return {catalog.profiles[profile].level(slug, one) for one in cases}


@pytest.mark.parametrize("key", list(keys()))
def test_what_is_overridden_or_waived_exists(key: str) -> None:
    """A key of a profile or of a provider is a rule, or a rule and one of its cases."""
    slug, dot, case = key.partition(".")
    assert slug in load().pages
    assert not dot or case in load().pages[slug].cases


@pytest.mark.parametrize("name", load().profiles)
def test_a_profile_stands_on_a_column_that_every_page_has(name: str) -> None:
    """A profile's base is one of the three, and a profile of another name says which."""
    profile = load().profiles[name]
    assert profile.base in COLUMNS
    assert all(profile.base in case.levels for page in load().pages.values() for case in page.cases.values())
    assert (profile.base == name) == (name in COLUMNS)


@pytest.mark.parametrize("name", load().profiles)
def test_an_override_changes_something(name: str) -> None:
    """No profile repeats the level that its base has anyway."""
    catalog = load()
    profile = catalog.profiles[name]
    idle = [key for key, level in profile.overrides.items() if levels_of(catalog, profile.base, key) == {level}]
    assert idle == []


@pytest.mark.parametrize("name", load().providers)
def test_a_waiver_has_a_reason_and_something_to_waive(name: str) -> None:
    """A reason is a sentence, and what it waives weighs more than a note by default."""
    catalog = load()
    waivers = catalog.providers[name].waivers
    assert waivers
    assert [reason for reason in waivers.values() if not (reason.endswith(".") and len(reason.split()) > 3)] == []
    grave = {Level.ERROR, Level.WARNING}
    assert [key for key in waivers if not levels_of(catalog, DEFAULT, key) & grave] == []


def test_a_waiver_of_a_case_does_not_waive_the_rule(tmp_path: Path) -> None:
    """A key with a case holds for that case alone, one without for all."""
    text = '[waivers]\n"a.x" = "Only x."\n"b" = "All of b."\n'
    provider = read_provider(written(tmp_path, "somebody.toml", text))
    answers = [provider.waiver("a", "x"), provider.waiver("a", "y"), provider.waiver("b", "x")]
    assert answers == ["Only x.", None, "All of b."]


def test_a_well_formed_page_is_read_whole(tmp_path: Path) -> None:
    """What the front matter says stands in the page."""
    page = read_page(written(tmp_path, "some-rule.md", FRONT))
    case = page.cases["split"]
    assert (page.slug, page.layer, page.statement) == ("some-rule", "tool-call", "It comes whole.")
    assert (case.means, case.levels["lenient"], case.measured) == ("it comes in pieces", Level.OFF, "a row")


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ("+++\n\n# some-rule", "\n# some-rule"),
        ('layer = "tool-call"', "layer = "),
        ('layer = "tool-call"\n', ""),
        ('layer = "tool-call"', 'layer = "somewhere"'),
        ('layer = "tool-call"', "layer = 3"),
        ('blame = "protocol"', 'blame = "nobody"'),
        ('sources = ["a specification, a section"]', "sources = 3"),
        ("[cases.split]", "[other.split]"),
        ("[cases.split]", "[cases]"),
        ('means = "it comes in pieces"\n', ""),
        ('lenient = "off"', 'lenient = "fatal"'),
        ('levels = { openai-strict = "error", de-facto = "error", lenient = "off" }', 'levels = "error"'),
        ("wrong = 1", "wronged = 1"),
        (', row = "a row"', ""),
        ('needs = ["bytes"]', 'needs = ["luck"]'),
    ],
)
def test_a_malformed_page_is_refused_by_its_name(tmp_path: Path, found: str, instead: str) -> None:
    """Whatever is wrong with the front matter, the error is the catalog's and names the file."""
    assert FRONT.count(found) == 1
    path = written(tmp_path, "some-rule.md", FRONT.replace(found, instead))
    with pytest.raises(CatalogError) as caught:
        read_page(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("mark", ["perhaps", "conforms limit=small", "conforms deviates split"])
def test_a_fence_that_is_marked_otherwise_is_refused(tmp_path: Path, mark: str) -> None:
    """A fence says whether it conforms or which case it shows, and a limit is a number of bytes."""
    page = read_page(written(tmp_path, "some-rule.md", FRONT + f"\n```sse {mark}\ndata: 1\n\n```\n"))
    with pytest.raises(CatalogError) as caught:
        _ = page.examples
    assert caught.value.where == "some-rule.md"


@pytest.mark.parametrize(
    "text",
    [
        'title = "a',
        'base = "lenient"\n',
        "title = 3\n",
        'title = "t"\nbase = 3\n',
        'title = "t"\nbase = "nowhere"\n',
        'title = "t"\nlevels = 3\n',
        'title = "t"\n[levels]\n"some-rule" = "fatal"\n',
        'title = "t"\n[levels]\n"some-rule" = 3\n',
        'title = "t"\n[levels]\nsome-rule.split = "error"\n',
    ],
)
def test_a_malformed_profile_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    """A profile without a title, upon an unknown base or with an unknown level is no profile."""
    path = written(tmp_path, "mine.toml", text)
    with pytest.raises(CatalogError) as caught:
        read_profile(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    "text", ["[waivers", "waivers = 3\n", '[waivers]\n"some-rule" = 3\n', '"some-rule" = "It is."\n']
)
def test_malformed_waivers_are_refused_by_their_name(tmp_path: Path, text: str) -> None:
    """Waivers are a table of reasons, and nothing stands beside them."""
    path = written(tmp_path, "somebody.toml", text)
    with pytest.raises(CatalogError) as caught:
        read_provider(path)
    assert caught.value.where == str(path)


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
