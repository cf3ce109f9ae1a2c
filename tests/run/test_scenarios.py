"""Facts about the scenarios under `specs/`: each is whole, and together they meet every rule."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from deltaproof.catalog import Exercise, Kind, choose_scenarios, load, load_scenarios, read_scenario, specs_folder
from deltaproof.catalog.scenarios import GROUPS
from deltaproof.errors import CatalogError, UnknownNameError

SCENARIOS = load_scenarios()
WHOLE = 'title = "t"\ngroup = "basics"\nkind = "stream"\nrules = []\n'


def test_every_rule_has_a_scenario_and_scenarios_name_only_rules() -> None:
    """The rules that scenarios are there for are the rules of the catalog."""
    assert {slug for scenario in SCENARIOS.values() for slug in scenario.rules} == set(load().pages)


def test_titles_differ_and_demand_nothing() -> None:
    """A title names what is done; what ought to come of it is for rules and checks to say."""
    titles = [scenario.title for scenario in SCENARIOS.values()]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "should" in title or "must" in title]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_asks_for_a_stream_and_fits_a_narrow_table(name: str) -> None:
    """All but one request have `stream: true`; names are short enough for 80 columns."""
    scenario = SCENARIOS[name]
    assert len(name) <= 23
    if scenario.request:
        assert scenario.request.get("stream", False) is (name != "refuse-usage-no-stream")
    assert bool(scenario.levels) is (scenario.kind is Kind.REFUSAL)
    assert bool(scenario.reply) is (scenario.kind is Kind.HISTORY)
    assert bool(scenario.sweep[1]) is (scenario.kind is Kind.SWEEP)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (WHOLE + "surprise = 1\n[request]\nn = 1\n", "scenarios have no surprise"),
        (
            WHOLE + "[exercises]\ncats = 2\n[request]\nn = 1\n",
            "this scenario is wrong: nothing to exercise is called cats",
        ),
        (WHOLE + "[exercises]\ncontains = 2\n[request]\nn = 1\n", "this scenario is wrong: contains is no array"),
        (
            WHOLE.replace("stream", "dance") + "[request]\nn = 1\n",
            "this scenario is wrong: 'dance' is not a valid Kind",
        ),
        (WHOLE.replace("basics", "odds") + "[request]\nn = 1\n", "'odds' is no group"),
        ('group = "basics"\n', "this scenario is wrong: 'title'"),
        (WHOLE, "a scenario has either a request or a body"),
        (WHOLE + 'body = "x"\n[request]\nn = 1\n', "a scenario has either a request or a body"),
        ("title = ", "its TOML is wrong: Invalid value (at end of document)"),
    ],
)
def test_a_malformed_scenario_is_refused_by_name(tmp_path: Path, text: str, what: str) -> None:
    """What is wrong with a scenario is an error that names the file."""
    path = tmp_path / "odd.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        read_scenario(path)
    assert (raised.value.what, raised.value.where) == (what, str(path))


def test_the_description_names_all_that_scenarios_can_say() -> None:
    """Whoever reads `specs/` without Python finds each kind, each group and each thing to exercise."""
    described = (specs_folder() / "scenarios" / "README.md").read_text(encoding="utf-8")
    exercises = [field.name for field in fields(Exercise)]
    assert [name for name in [*Kind, *exercises] if f"| `{name}` |" not in described] == []
    listed = " or ".join([", ".join(GROUPS[:-1]), GROUPS[-1]])
    assert listed in described


def test_patterns_choose_scenarios_in_the_order_they_run() -> None:
    """Each pattern chooses by name; twice chosen is run once; nothing asked for is everything."""
    chosen = choose_scenarios(["refuse-n-*", "tool-choice-a*", "tool-choice-auto"], SCENARIOS)
    assert [scenario.name for scenario in chosen] == [
        "tool-choice-allowed",
        "tool-choice-any",
        "tool-choice-auto",
        "refuse-n-0",
    ]
    assert choose_scenarios([], SCENARIOS) == tuple(SCENARIOS.values())


def test_a_pattern_that_chooses_nothing_is_an_error_that_names_near_ones() -> None:
    """A typing mistake does not pass for an empty suite."""
    with pytest.raises(UnknownNameError) as raised:
        choose_scenarios(["usage"], SCENARIOS)
    assert (
        str(raised.value)
        == "there is no scenario 'usage'. Known: usage-included, usage-not-asked, refuse-usage-no-stream"
    )
