"""Facts about `deltaproof replay --steps`: the message so far, after each chunk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deltaproof.snapshot.accumulation import steps
from deltaproof.verdict import judge
from tests.cli.command import deltaproof
from tests.snapshot.streams import FOLDER, NAMES, exchange_of, opening, piece, recorded, streamed

STEPS = r"""
a.sse
   1  role assistant (content null)
   2  call 0 opens
      call 0  get_weather (c0)  ''
   3  arguments of call 0  '{\n'
      call 0  get_weather (c0)  '{\n'
   4  arguments of call 0  ' "\x1b[31m'
      call 0  get_weather (c0)  '{\n "\x1b[31m'
   5  call 1 opens
      call 0  get_weather (c0)  '{\n "\x1b[31m'
      call 1  get_tide (c1)  ''
   6  arguments of call 1  '{}'
      call 0  get_weather (c0)  '{\n "\x1b[31m'
      call 1  get_tide (c1)  '{}'
   7  finish tool_calls
      call 0  get_weather (c0)  '{\n "\x1b[31m'
      call 1  get_tide (c1)  '{}'
      finish  tool_calls
   8  done
      the body ended: eof

"""


@pytest.mark.parametrize("columns", [80, 200])
def test_the_accumulation_after_each_chunk(tmp_path: Path, columns: int) -> None:
    """As Empower's document prints it: the arguments grow piece by piece, control characters are shown as escapes."""
    pieces = (piece("{\\n"), piece(' \\"\\u001b[31m'), opening("get_tide", call=1), piece("{}", call=1))
    exchange = streamed(opening("get_weather"), *pieces, finish="tool_calls")
    (tmp_path / "a.sse").write_bytes(exchange.body)
    ran = deltaproof("replay", "a.sse", "--steps", cwd=tmp_path, columns=columns)
    assert (ran.code, "\n" + "".join(f"{line.rstrip()}\n" for line in ran.out.splitlines()), ran.err) == (0, STEPS, "")


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_has_the_whole_message(name: str) -> None:
    """What is accumulated at the end is what the stream means; one that is refused has no steps."""
    exchange = recorded(name)
    *_, last = [None, *steps(exchange)]
    if last is None:
        assert name == "refused"
    else:
        assert last.message == judge(exchange).message


def test_a_long_text_is_cut_in_the_middle(tmp_path: Path) -> None:
    """Its beginning and its end are shown, and how much is left out."""
    (tmp_path / "a.sse").write_bytes(streamed(f'{{"content":"{"a" * 700}{"z" * 300}"}}').body)
    ran = deltaproof("replay", "a.sse", "--steps", cwd=tmp_path, columns=2000)
    assert f"text  '{'a' * 250}' … 500 characters … '{'z' * 250}'\n" in ran.out.replace("  \n", "\n")


def test_a_long_stream_takes_seconds_not_minutes() -> None:
    """Twenty thousand characters of arguments in as many chunks."""
    exchange = streamed(opening("f"), *(piece("x") for _ in range(5000)))
    begun = time.process_time()
    assert sum(1 for _ in steps(exchange)) == 5004
    assert time.process_time() - begun < 20


def test_nothing_to_show_is_an_error(tmp_path: Path) -> None:
    """A folder without a recording, and a file that is none: exit 2."""
    ran = deltaproof("replay", ".", "--steps", cwd=tmp_path)
    assert ran == (2, "", "deltaproof: .: there is no recorded stream\n")
    (tmp_path / "a.yaml").write_text("x: 1\n", encoding="utf-8")
    assert deltaproof("replay", "a.yaml", "--steps", cwd=tmp_path).code == 2


def test_steps_are_for_a_person(tmp_path: Path) -> None:
    """To ask for another form is wrong usage, and nothing is printed as if it were that."""
    (tmp_path / "a.sse").write_text("data: {}\n\n", encoding="utf-8")
    ran = deltaproof("replay", "a.sse", "--steps", "--format", "json", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == "Error: --format json is for --to, --through and --accumulator"


def test_what_is_no_json_is_an_event_too(tmp_path: Path) -> None:
    """Each event is there, whatever it carries."""
    (tmp_path / "a.sse").write_bytes(exchange_of("oops", '{"error":{"message":"no"}}').body)
    ran = deltaproof("replay", "a.sse", "--steps", cwd=tmp_path)
    assert ran.out.splitlines()[1:3] == ["   1  no JSON object", "   2  error as object"]
    assert (FOLDER / "two-calls.sse").is_file()
