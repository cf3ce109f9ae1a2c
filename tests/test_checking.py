"""Facts about the Python interface: what `deltaproof.check` and `deltaproof.Checker` take, return and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

import deltaproof
from tests.cli.command import CLEAN, REPEATED


def test_check_takes_bytes_or_a_path(tmp_path: Path) -> None:
    """The same stream from memory, from any kind of buffer, and from disk has the same findings."""
    path = tmp_path / "a.sse"
    path.write_text(REPEATED)
    body = REPEATED.encode()
    reports = [deltaproof.check(source) for source in (body, bytearray(body), memoryview(body), path, str(path))]
    assert {report.findings for report in reports} == {reports[0].findings}
    assert [(finding.rule, finding.case, finding.count) for finding in reports[0].findings] == [
        ("tool-call-continuation-name", "repeated", 2)
    ]


def test_a_report_has_findings_verdicts_and_the_message() -> None:
    """The verdict on every rule, and what the stream means."""
    report = deltaproof.check(CLEAN.encode(), request={"stream": True, "tools": []}, headers={})
    assert report.verdicts["tool-call-open-name"] is deltaproof.Verdict.CONFORMS
    assert len(report.verdicts) == 71
    assert report.message.choices[0].tool_calls[0].arguments == '{"a":1}'


def test_a_checker_tells_a_finding_once_when_it_is_certain() -> None:
    """The first repeated name is told with its event, the second is counted."""
    checker = deltaproof.Checker()
    told = [
        [finding.rule for finding in checker.feed(f"{event}\n\n".encode())] for event in REPEATED.split("\n\n")[:-1]
    ]
    assert told == [[], [], ["tool-call-continuation-name"], [], [], []]
    assert [finding.count for finding in checker.close().findings] == [2]


def test_a_checker_judges_one_stream() -> None:
    """After close, and with an end that is none, it says what to do instead."""
    checker = deltaproof.Checker()
    with pytest.raises(deltaproof.DeltaproofError, match="does not end by 'over'"):
        checker.close("over")
    checker.close("cut")
    with pytest.raises(deltaproof.DeltaproofError, match="make another"):
        checker.feed(b"data: {}\n\n")


def test_check_raises_what_the_operator_got_wrong(tmp_path: Path) -> None:
    """A path that is not there, and a profile that is none."""
    with pytest.raises(deltaproof.DeltaproofError, match="No such file"):
        deltaproof.check(tmp_path / "absent.sse")
    with pytest.raises(deltaproof.DeltaproofError, match="there is no profile 'strict'"):
        deltaproof.check(b"", profile="strict")
