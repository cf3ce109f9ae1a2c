"""Facts about `deltaproof faults` and `deltaproof fault`, seen from outside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept
from deltaproof.catalog import load
from deltaproof.exchange import Exchange
from deltaproof.faults import FAULTS, named
from tests.cli.command import CLEAN, deltaproof

CASSETTES = Path(__file__).parents[2] / "cassettes"
RECORDED = CASSETTES / "aimock" / "two-calls-two-tools.yaml"
SEVERAL = CASSETTES / "aimock" / "without-streaming.yaml"


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Write a conformant stream without its request."""
    (tmp_path / "clean.sse").write_text(CLEAN, encoding="utf-8")
    return tmp_path / "clean.sse"


# The list.


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_list_has_every_fault_with_what_it_breaks_at_any_width(tmp_path: Path, columns: int) -> None:
    """Name, rule and case, and the sentence stand there whole, in groups in the order of a report."""
    out = deltaproof("faults", cwd=tmp_path, columns=columns).out
    words = set(out.split())
    for fault in FAULTS:
        assert {fault.name, *fault.does.split()} <= words
        assert all({case, f"{case}:"} & words for case in fault.also)
        assert not fault.breaks or fault.breaks in words
    assert max(map(len, out.splitlines())) <= columns
    groups = [
        line.strip() for line in out.splitlines() if line.strip() in {page.group for page in load().pages.values()}
    ]
    assert groups == sorted(groups, key=[page.group for page in load().pages.values()].index)


def test_the_list_as_json_says_the_same(tmp_path: Path) -> None:
    """A fault that breaks no rule has null for it."""
    ran = deltaproof("faults", "cut-mid-event", "stall", "--format", "json", cwd=tmp_path)
    assert json.loads(ran.out) == {
        "faults": [
            {
                "fault": "cut-mid-event",
                "does": "The connection is cut inside an event.",
                "rule": "sse-framing",
                "case": "unterminated",
                "group": "transport",
                "also": {
                    "finish-once.cut": "What was cut off had the finish_reason.",
                    "done-sentinel.cut": "The stream ends before [DONE].",
                },
            },
            {
                "fault": "stall",
                "does": "Nothing arrives for half a minute after some read.",
                "rule": None,
                "case": None,
                "group": None,
                "also": {},
            },
        ]
    }


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("name-*", {"name-split", "name-late", "name-missing", "name-repeated", "name-null", "name-empty"}),
        ("tool-call-open-name", {"name-split", "name-late", "name-missing"}),
        ("tool-call-open-name.split", {"name-split"}),
    ],
)
def test_a_pattern_is_one_of_names_or_of_rules(tmp_path: Path, pattern: str, names: set[str]) -> None:
    """Faults are found by what they are called and by what they break."""
    listed = json.loads(deltaproof("faults", pattern, "--format", "json", cwd=tmp_path).out)["faults"]
    assert {fault["fault"] for fault in listed} == names


def test_a_pattern_that_matches_nothing_is_a_mistake(tmp_path: Path) -> None:
    """It is said, and nothing is listed."""
    ran = deltaproof("faults", "name-*", "zzz", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "deltaproof: no fault, and no rule with one, is called 'zzz'. `deltaproof faults` lists them\n"


# One recording broken.


def test_a_cassette_differs_in_what_the_fault_changed(tmp_path: Path) -> None:
    """In the two events, the sizes of their reads, and the note that it was broken; in no other line."""
    ran = deltaproof("fault", "name-split", RECORDED, "-o", "broken.yaml", cwd=tmp_path)
    assert ran == (0, "", "")
    before = RECORDED.read_text(encoding="utf-8").splitlines()
    after = (tmp_path / "broken.yaml").read_text(encoding="utf-8").splitlines()
    gone = [line.strip() for line in before if line not in after]
    new = [line.strip() for line in after if line not in before]
    assert [re.sub(r".*tool_calls", "", line) for line in gone] == [
        '":[{"index":1,"id":"call_P4V-7-_9tw6fhGm9","type":"function","function":{"name":"get_local_time","arguments":""}}]},"logprobs":null,"finish_reason":null}]}',
        '":[{"index":1,"function":{"arguments":"{\\"city\\":"}}]},"logprobs":null,"finish_reason":null}]}',
        "- 16.329156 315",
        "- 17.825885 254",
    ]
    assert [re.sub(r".*tool_calls", "", line) for line in new] == [
        '":[{"index":1,"id":"call_P4V-7-_9tw6fhGm9","type":"function","function":{"name":"get_loca","arguments":""}}]},"logprobs":null,"finish_reason":null}]}',
        '":[{"index":1,"function":{"arguments":"{\\"city\\":","name":"l_time"}}]},"logprobs":null,"finish_reason":null}]}',
        "fault: name-split",
        "- 16.329156 309",
        "- 17.825885 270",
    ]


def test_another_seed_breaks_the_other_call_and_is_noted(tmp_path: Path) -> None:
    """What is chosen is told by the seed alone."""
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        deltaproof("fault", "id-missing", RECORDED, "--seed", seed, "-o", f"{name}.yaml", cwd=tmp_path)
    texts = {name: (tmp_path / f"{name}.yaml").read_text(encoding="utf-8") for name in "abc"}
    assert texts["a"] == texts["b"] != texts["c"]
    assert "        seed: '1'\n" in texts["c"]


def test_the_other_exchanges_of_a_file_stay_as_they_are(tmp_path: Path) -> None:
    """The fault is in the stream; the plain answer beside it is kept."""
    ran = deltaproof("fault", "done-missing", SEVERAL, "-o", "broken.yaml", cwd=tmp_path)
    assert ran == (0, "", "")
    before = [one for one in read_kept(SEVERAL) if isinstance(one, Exchange)]
    after = [one for one in read_kept(tmp_path / "broken.yaml") if isinstance(one, Exchange)]
    assert [one.body for one in after] == [
        one.body.removesuffix(b"data: [DONE]\n\n") if number == 0 else one.body for number, one in enumerate(before)
    ]


def test_one_of_several_exchanges_can_be_named(tmp_path: Path) -> None:
    """`--entry` breaks that one alone; where nothing is there, it is said what is."""
    source = CASSETTES / "aimock" / "history.yaml"
    assert deltaproof("fault", "bom", source, "--entry", "1", "-o", "one.yaml", cwd=tmp_path).code == 0
    bodies = [one.body[:3] for one in read_kept(tmp_path / "one.yaml") if isinstance(one, Exchange)]
    assert bodies == [b"dat", b"\xef\xbb\xbf"]
    ran = deltaproof("fault", "bom", source, "--entry", "9", "-o", "two.yaml", cwd=tmp_path)
    assert ran == (2, "", f"deltaproof: {source}: entry 9 is no streamed chat completion. Known: 0, 1\n")
    assert not (tmp_path / "two.yaml").exists()


def test_an_event_stream_is_written_with_its_request_and_its_head_beside_it(tmp_path: Path) -> None:
    """OUT.sse is judged as the cassette is; the bytes of the request are those that were sent."""
    for output in ("broken.sse", "broken.yaml"):
        assert deltaproof("fault", "parallel-calls,bom", RECORDED, "-o", output, cwd=tmp_path).code == 0
    beside = {path.name for path in tmp_path.iterdir()}
    assert beside == {"broken.sse", "broken.request.json", "broken.headers", "broken.yaml"}
    shown = [
        deltaproof("check", output, "--format", "json", cwd=tmp_path).out for output in ("broken.sse", "broken.yaml")
    ]
    first, second = ([(f["rule"], f["case"]) for f in json.loads(one)["exchanges"][0]["findings"]] for one in shown)
    assert first == second != []


def test_what_lies_beside_an_older_event_stream_goes(tmp_path: Path, clean: Path) -> None:
    """A request that belongs to the file that was replaced would be taken for this one's."""
    (tmp_path / "out.request.json").write_text("{}", encoding="utf-8")
    assert deltaproof("fault", "bom", clean, "-o", "out.sse", cwd=tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"clean.sse", "out.sse"}


def test_bytes_go_through_a_pipe(tmp_path: Path) -> None:
    """`-` is standard input, and standard output gets the body alone."""
    ran = deltaproof("fault", "done-missing", "-", "-o", "-", cwd=tmp_path, stdin=CLEAN.encode())
    assert ran == (0, CLEAN.removesuffix("data: [DONE]\n\n"), "")


def test_an_end_that_an_event_stream_cannot_keep_is_told(tmp_path: Path, clean: Path) -> None:
    """The bytes are written all the same."""
    ran = deltaproof("fault", "cut-before-done", clean, "-o", "-", cwd=tmp_path)
    assert ran.out == CLEAN.removesuffix("data: [DONE]\n\n")
    assert ran.err == "-: that the stream ends by reset is kept in a cassette only\n"


def test_what_is_no_recording_of_a_stream_any_more_is_told(tmp_path: Path, clean: Path) -> None:
    """A plain answer is judged only where the request says that a stream was asked for."""
    ran = deltaproof("fault", "plain-answer", clean.name, "-o", "o.yaml", cwd=tmp_path)
    told = "o.yaml#0 is not judged: no event stream, and whether one was asked for is not known; "
    told += "put the request beside what it is made of, as NAME.request.json\n"
    assert ran == (0, "", told)
    (tmp_path / "clean.request.json").write_text('{"stream": true}', encoding="utf-8")
    assert deltaproof("fault", "plain-answer", clean.name, "-o", "o.yaml", cwd=tmp_path) == (0, "", "")
    assert "http-content-type" in deltaproof("check", "o.yaml", cwd=tmp_path).out


# Where it does not apply, and other mistakes.


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("index-gap", "clean.sse", "-o", "o.yaml"), "clean.sse: index-gap does not apply: no choice has more than one tool call"),
        (
            ("done-missing,done-twice", "clean.sse", "-o", "o.yaml"),
            "clean.sse: done-twice does not apply after done-missing: there is no [DONE]",
        ),
        (
            ("name-late,name-split", "clean.sse", "-o", "o.yaml"),
            "clean.sse: name-split does not apply after name-late: no tool call has more than one entry",
        ),
        (("name-nul", "clean.sse", "-o", "o.yaml"), "there is no fault 'name-nul'. Did you mean name-null?"),
        (("bom", "clean.sse", "-o", "o.json"), "o.json: this is no name of a recording. End it with .yaml, or .sse"),
        (("bom", "clean.sse", "-o", "clean.sse"), "clean.sse: the recording would be replaced. Choose another name"),
        (("bom", "gone.sse", "-o", "o.yaml"), "gone.sse: it cannot be read: No such file or directory"),
        (("bom", ".", "-o", "o.yaml"), ".: it is a folder. Name one recording in it"),
        (("name-*", "clean.sse", "-o", "o.yaml"), "o.yaml: for a pattern OUT is a folder. Name one, such as broken/"),
        (("logprobs-*", "clean.sse", "-o", "o"), "clean.sse: none of 4 faults applies"),
        (
            ("bom", str(CASSETTES / "aimock" / "history.yaml"), "-o", "o.sse"),
            "o.sse: 2 exchanges do not go into one event stream. Name one with --entry, or write a cassette, a name with .yaml",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(tmp_path: Path, clean: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, nothing on standard output, and no file."""
    ran = deltaproof("fault", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"deltaproof: {told}"
    assert [path for path in tmp_path.iterdir() if path != clean] == []


def test_an_exchange_that_a_fault_leaves_as_it_was_is_named(tmp_path: Path) -> None:
    """One of two has what the fault breaks."""
    source = CASSETTES / "aimock" / "history.yaml"
    streams = [one for one in read_kept(source) if isinstance(one, Exchange)]
    ran = deltaproof("fault", "name-split", source, "-o", "o.yaml", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"{source}#1 is as it was: name-split does not apply: there is no tool call\n"
    after = [one for one in read_kept(tmp_path / "o.yaml") if isinstance(one, Exchange)]
    assert [one.body for one in after] == [named("name-split").apply(streams[0]).body, streams[1].body]


def test_a_pattern_makes_a_cassette_for_each_fault_that_applies(tmp_path: Path, clean: Path) -> None:
    """Each has its own fault, and the others are told with the reason."""
    ran = deltaproof("fault", "id-*", clean.name, "-o", "broken", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    written = sorted(path.stem for path in (tmp_path / "broken").iterdir())
    *left_out, last = ran.err.splitlines()
    told = [re.fullmatch(r"left out: clean\.sse: (\S+) does not apply: .+", line) for line in left_out]
    assert sorted([*written, *(match[1] for match in told if match)]) == sorted(
        fault.name for fault in FAULTS if fault.name.startswith("id-")
    )
    assert last == f"{len(written)} of {len(written) + len(left_out)} faults apply; see broken"
    for name in written:
        found = json.loads(
            deltaproof(
                "check", f"broken/{name}.yaml", "--profile", "openai-strict", "--format", "json", cwd=tmp_path
            ).out
        )
        cases = {f"{one['rule']}.{one['case']}" for one in found["exchanges"][0]["findings"]}
        assert named(name).breaks in cases
