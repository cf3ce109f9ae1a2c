"""What is told of a recording while it runs: lines for a person as things happen, and the report at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deltaproof.checking import Judged, Report
from deltaproof.drive.record.keeper import Found, Kept, Lost, Missed, Played
from deltaproof.drive.record.session import Listening, Told
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange, Skipped
from deltaproof.report.overview import label
from deltaproof.report.visible import visible
from deltaproof.verdict import Finding


@dataclass(slots=True)
class Log:
    """Takes what is told, shows it, and remembers it.

    Attributes:
        profile, provider: by which it is judged.
        show: takes a line for a person.
        kept: what was recorded, by the number of the exchange.
        lost: what could not be kept.
        played: how many requests were answered from cassettes.
        missed: how many got no answer, from there or from the upstream, and were not recorded.
    """

    profile: str
    provider: str | None
    show: Callable[[str], None]
    kept: dict[int, Judged | Skipped | UnreadableError] = field(default_factory=dict)
    lost: list[DeltaproofError] = field(default_factory=list)
    played: int = 0
    missed: int = 0

    def take(self, told: Told) -> None:
        """Take one fact."""
        match told:
            case Listening(url=url):
                self.show(f"listening on {url}")
            case Exchange():
                end = f"its end is unknown, {len(told.body):,} bytes had come"
                self.show(f"recovered {visible(label(told))} from a recording that was killed: {end}")
            case DeltaproofError():
                self.show(f"not recovered: {visible(str(told))}")
            case Found():
                for line in found(told):
                    self.show(line)
            case Played():
                self.played += 1
            case Missed(why=why):
                self.missed += 1
                self.show(f"not recorded: {visible(why)}")
            case Kept(number=number, sighting=sighting):
                self.kept[number] = sighting
            case Lost(number=number, error=error):
                self.lost.append(error)
                self.show(f"#{number} is not kept: {visible(str(error))}")

    def report(self) -> Report:
        """Return the report on what was recorded, in the order in which the requests came."""
        sightings = [self.kept[number] for number in sorted(self.kept)]
        return Report(
            self.profile,
            self.provider,
            tuple(one for one in sightings if isinstance(one, Judged)),
            tuple(one for one in sightings if isinstance(one, Skipped)),
            tuple(one for one in sightings if isinstance(one, UnreadableError)),
        )


def found(told: Found) -> list[str]:
    """Tell of a finding in one line, and in a second one what was on the wire."""
    finding = told.finding
    lines = [f"#{told.number} {told.cassette}: {finding.level} {finding.rule}{_place(finding)}: {finding.message}"]
    if finding.text:
        lines.append(f"    {finding.text}")
    return [visible(line) for line in lines]


def _place(finding: Finding) -> str:
    return f", event {finding.event}, body byte {finding.offset:,}" if finding.event else ""
