"""Facts about options that belong to one mode of a verb and not to another: they are refused, not passed over."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from deltaproof.cli.modes import OF_REPLAY, Mode
from deltaproof.cli.replay import replay
from tests.cli.command import CLEAN, REPEATED, deltaproof

TO = ("--to", "http://127.0.0.1:1/v1")
THROUGH = ("--through", "http://127.0.0.1:1/v1", "--upstream-port", "9")
STEPS = ("--steps",)
FOLD = ("--accumulator", "openai")


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Write a stream, and return its folder."""
    (tmp_path / "a.sse").write_text(CLEAN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((*THROUGH, "--baseline", "x"), "--baseline is for --accumulator"),
        ((*THROUGH, "--update-baseline"), "--update-baseline is for --accumulator"),
        ((*THROUGH, "--limit", "10"), "--limit is for --accumulator"),
        ((*THROUGH, "--persistent"), "--persistent is for --accumulator"),
        ((*TO, "--faults", "all"), "--faults is for --through and --accumulator"),
        ((*TO, "--fail-on", "any"), "--fail-on is for --through and --accumulator"),
        ((*TO, "--jobs", "2"), "--jobs is for --through and --accumulator"),
        ((*TO, "-o", "x.json"), "--output is for --through and --accumulator"),
        ((*TO, "--format", "markdown"), "--format markdown is for --through and --accumulator"),
        ((*STEPS, "--api-key-env", "KEY"), "--api-key-env is for --to and --through"),
        ((*STEPS, "--format", "json"), "--format json is for --to, --through and --accumulator"),
        ((*STEPS, "--profile", "lenient"), "--profile is for --to and --through"),
        ((*FOLD, "--profile", "lenient"), "--profile is for --to and --through"),
        ((*FOLD, "--provider", "vllm"), "--provider is for --to and --through"),
        ((*FOLD, "--model", "m"), "--model is for --to and --through"),
        ((*FOLD, "--timeout", "1"), "--timeout is for --to and --through"),
        ((*FOLD, "--record", "out"), "--record is for --to and --through"),
    ],
)
def test_an_option_of_another_mode_is_refused(clean: Path, options: tuple[str, ...], told: str) -> None:
    """One sentence says which modes it is for, even where it is given as it is without it; exit 2."""
    ran = deltaproof("replay", "a.sse", *options, cwd=clean)
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", f"Error: {told}")


def test_what_is_said_of_all_runs_does_not_stand_in_the_way(clean: Path) -> None:
    """The environment and the project's table name a key and a profile for whoever wants them."""
    (clean / "pyproject.toml").write_text('[tool.deltaproof]\nprofile = "lenient"\nprovider = "vllm"\n', "utf-8")
    ran = deltaproof(
        "replay", "a.sse", "--steps", cwd=clean, DELTAPROOF_REPLAY_API_KEY_ENV="KEY", DELTAPROOF_REPLAY_LIMIT="3"
    )
    assert (ran.code, ran.err) == (0, "")


def test_every_option_of_replay_says_where_it_belongs() -> None:
    """A new one cannot be forgotten: it is a mode, or the table has it."""
    options = {max(one.opts, key=len) for one in replay.params if isinstance(one, click.Option)}
    assert options == {*Mode, *(name for name in OF_REPLAY if " " not in name)}


@pytest.mark.parametrize(("options"), [("--limit", "3"), ("--persistent",)])
def test_shrink_takes_what_is_for_a_client_with_one_only(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A finding needs neither."""
    (tmp_path / "a.sse").write_text(REPEATED, encoding="utf-8")
    ran = deltaproof("shrink", "a.sse", *options, cwd=tmp_path)
    assert (ran.code, ran.err.splitlines()[-1]) == (2, f"Error: {options[0]} is for --accumulator")
