"""Facts about `deltaproof snapshot` and `deltaproof diff`, as a shell sees them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from deltaproof.cassette import write_cassette
from deltaproof.faults import named
from tests.cli.command import deltaproof
from tests.snapshot.streams import FOLDER, recorded
from tests.snapshot.test_file import validator


def write(path: Path, name: str, fault: str = "") -> None:
    """Write a stream of the tests as a cassette, with a fault."""
    exchange = recorded(name)
    write_cassette(path, [named(fault).apply(exchange) if fault else exchange], provenance={})


def test_a_snapshot_from_its_making_to_its_end(tmp_path: Path) -> None:
    """Not there, made, the same, changed, accepted, not used any more, removed: each with its words and its exit code."""
    write(tmp_path / "a/calls.yaml", "two-calls")
    write(tmp_path / "a/text.yaml", "text")

    def snapshot(*options: str) -> tuple[int, str, str]:
        return deltaproof("snapshot", "a", *options, cwd=tmp_path, columns=200)

    missing = "a/calls.yaml  not in the snapshot\na/text.yaml  not in the snapshot\n2 exchanges compared: 2 not in the snapshot\n"
    assert snapshot() == (1, missing, "")
    made = "a/calls.yaml  kept for the first time\na/text.yaml  kept for the first time\n2 exchanges compared: 2 kept for the first time\n"
    assert snapshot("--update") == (0, made, "")
    assert snapshot() == (0, "2 exchanges compared: 2 as kept\n", "")

    (tmp_path / "a/text.yaml").unlink()
    write(tmp_path / "a/calls.yaml", "two-calls", "name-split")
    news = (
        "a/calls.yaml  changed\n"
        '  ≠ "name of call 1 + arguments of call 1" now arrives after "call 1 opens"\n'
        "  ≠ the second call's name now arrives in 2 chunks (was 1)\n"
        "  ✗ the rule tool-call-open-name now deviates (was conforms): the name comes in several pieces\n"
        "a/text.yaml  in the snapshot, and not used\n"
        "2 exchanges compared: 1 changed, 1 in the snapshot, and not used\n"
    )
    ran = snapshot()
    assert (ran[0], "".join(f"{line.rstrip()}\n" for line in ran[1].splitlines())) == (1, news)
    assert snapshot("--update")[0] == 0
    assert snapshot() == (0, "1 exchange compared: 1 as kept\n", "")


def test_a_file_that_is_named_leaves_the_rest_of_its_snapshot(tmp_path: Path) -> None:
    """Updating one recording neither uses nor removes what is kept of its neighbours."""
    write(tmp_path / "calls.yaml", "two-calls")
    write(tmp_path / "text.yaml", "text")
    deltaproof("snapshot", ".", "--update", cwd=tmp_path)
    kept = (tmp_path / "snapshot.yaml").read_text(encoding="utf-8")
    write(tmp_path / "calls.yaml", "two-calls", "name-split")
    assert deltaproof("snapshot", "text.yaml", cwd=tmp_path).code == 0
    assert deltaproof("snapshot", "calls.yaml", "--update", cwd=tmp_path).code == 0
    changed = (tmp_path / "snapshot.yaml").read_text(encoding="utf-8")
    assert changed != kept
    assert changed.partition("- of: text.yaml")[2] == kept.partition("- of: text.yaml")[2]


def test_each_folder_has_its_snapshot(tmp_path: Path) -> None:
    """Recordings of two folders are kept in two files; one whose recordings are all gone is not used."""
    write(tmp_path / "a/calls.yaml", "two-calls")
    write(tmp_path / "b/c/calls.yaml", "one-call")
    deltaproof("snapshot", ".", "--update", cwd=tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("snapshot.yaml")) == [
        "a/snapshot.yaml",
        "b/c/snapshot.yaml",
    ]
    (tmp_path / "b/c/calls.yaml").unlink()
    ran = deltaproof("snapshot", ".", cwd=tmp_path)
    assert (ran.code, ran.out.splitlines()[0]) == (1, "b/c/calls.yaml  in the snapshot, and not used")


def test_a_snapshot_that_is_damaged_is_not_written_over(tmp_path: Path) -> None:
    """One line names the file and the line, exit 2, also with --update."""
    write(tmp_path / "calls.yaml", "two-calls")
    (tmp_path / "snapshot.yaml").write_text("exchanges:\n- of: calls.yaml\n", encoding="utf-8")
    ran = deltaproof("snapshot", ".", "--update", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("deltaproof: snapshot.yaml:3:1: the file is cut short: ")
    assert (tmp_path / "snapshot.yaml").read_text(encoding="utf-8") == "exchanges:\n- of: calls.yaml\n"


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    """A folder without a recording is not as kept."""
    ran = deltaproof("snapshot", ".", cwd=tmp_path)
    assert ran == (2, "", "deltaproof: .: there is no recorded stream\n")


def test_two_recordings_that_differ(tmp_path: Path) -> None:
    """Whatever they are called: the words, and exit 1; the other way round the words of the other way."""
    write(tmp_path / "before.yaml", "two-calls")
    write(tmp_path / "after.yaml", "two-calls", "finish-stop")
    ran = deltaproof("diff", "before.yaml", "after.yaml", cwd=tmp_path, columns=200)
    assert (ran.code, [line.rstrip() for line in ran.out.splitlines()], ran.err) == (
        1,
        [
            "before.yaml → after.yaml  changed",
            '  ≠ "finish stop" now arrives in place of "finish tool_calls"',
            "  ✗ the rule finish-tool-calls now deviates (was conforms): finish_reason is stop, and the choice has tool calls that were not forced by name",
            "1 exchange compared: 1 changed",
        ],
        "",
    )
    assert deltaproof("diff", "after.yaml", "before.yaml", cwd=tmp_path).code == 1


def test_two_recordings_that_do_not_differ(tmp_path: Path) -> None:
    """A cassette and the files that it was made of."""
    write(tmp_path / "calls.yaml", "two-calls")
    ran = deltaproof("diff", FOLDER / "two-calls.sse", "calls.yaml", cwd=tmp_path)
    assert ran == (0, "1 exchange compared: 1 same\n", "")


def test_folders_are_matched_by_request(tmp_path: Path) -> None:
    """Files that were renamed find each other by what was asked; what has no counterpart is named."""
    for name in ("two-calls", "text", "named"):
        write(tmp_path / f"a/{name}.yaml", name)
    for new, name in (("x", "text"), ("y", "two-calls"), ("z", "logprobs")):
        write(tmp_path / f"b/{new}.yaml", name)
    ran = deltaproof("diff", "a", "b", cwd=tmp_path)
    assert (ran.code, ran.out) == (
        1,
        "named.yaml  only in A\nz.yaml  only in B\n4 exchanges compared: 2 same, 1 only in B, 1 only in A\n",
    )


def test_a_recording_against_a_snapshot(tmp_path: Path) -> None:
    """What was kept stands in for recordings that are gone."""
    write(tmp_path / "a/calls.yaml", "two-calls")
    deltaproof("snapshot", "a", "--update", cwd=tmp_path)
    shutil.move(tmp_path / "a/calls.yaml", tmp_path / "calls.yaml")
    assert deltaproof("diff", "a/snapshot.yaml", "calls.yaml", cwd=tmp_path).code == 0
    write(tmp_path / "calls.yaml", "two-calls", "id-missing")
    assert deltaproof("diff", "a/snapshot.yaml", "calls.yaml", cwd=tmp_path).code == 1


def test_a_comparison_as_json(tmp_path: Path) -> None:
    """Whole, as the schema says, and the same from diff and snapshot but for the name."""
    write(tmp_path / "a/calls.yaml", "two-calls")
    deltaproof("snapshot", "a", "--update", cwd=tmp_path)
    write(tmp_path / "a/calls.yaml", "two-calls", "name-null")
    ran = deltaproof("snapshot", "a", "--format", "json", cwd=tmp_path)
    report = json.loads(ran.out)
    validator("comparison.json").validate(report)
    slug = "tool-call-continuation-name"
    assert (ran.code, report) == (
        1,
        {
            "deltaproof": report["deltaproof"],
            "exchanges": [
                {
                    "name": "a/calls.yaml",
                    "outcome": "changed",
                    "news": [
                        {"kind": "shape", "rule": None, "text": '"arguments of call 1" now comes with name null'},
                        {
                            "kind": "worse",
                            "rule": slug,
                            "text": f"the rule {slug} now deviates (was conforms): the name as null",
                        },
                    ],
                    "findings": [],
                }
            ],
            "totals": {"same": 0, "changed": 1, "new": 0, "gone": 0, "unanswered": 0, "unsent": 0},
        },
    )
    diff = json.loads(deltaproof("diff", FOLDER / "two-calls.sse", "a", "--format", "json", cwd=tmp_path).out)
    assert diff["exchanges"][0] | {"name": "a/calls.yaml"} == report["exchanges"][0]
