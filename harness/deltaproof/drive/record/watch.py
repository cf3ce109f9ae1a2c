"""One exchange judged: while it passes, for what is certain at once, and as it was kept. Keeps and prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from deltaproof.cassette.coding import Decoding, names
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrubber import masked
from deltaproof.cassette.sift import sift_kept
from deltaproof.catalog import Profile
from deltaproof.checking import Judged
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange, Head, Read, Skipped
from deltaproof.verdict import Finding, Judge, judge

_SOME_TIME = (Read(0.0, 0),)  # when the reads come is known, and so is evidence


@dataclass(frozen=True, slots=True)
class Judging:
    """By which profile, and with whose waivers; and what is not to be shown of what passes."""

    profile: Profile
    provider: str | None
    cleaner: Cleaner = field(default_factory=Cleaner)


class Watch:
    """Judges a response while it passes, where it is an event stream that answers a chat completion."""

    def __init__(self, asked: Exchange, judging: Judging) -> None:
        """Start before the head; `asked` is the request."""
        self._asked = asked
        self._judging = judging
        self._judge: Judge | None = None
        self._decoding = Decoding(())

    def head(self, head: Head) -> None:
        """Find out whether there is anything to judge."""
        path = urlsplit(self._asked.url).path
        if (
            self._asked.method == "POST"
            and path.endswith("/chat/completions")
            and head.media_type == "text/event-stream"
        ):
            known = replace(self._asked, head=head, reads=_SOME_TIME)
            self._judge = Judge(known, profile=self._judging.profile, provider=self._judging.provider)
            self._decoding = Decoding(names(head.get("content-encoding")))

    def piece(self, content: bytes) -> list[Finding]:
        """Take the next bytes of the body, as sent; return what is certain with them.

        What cannot be decoded while it passes is judged when it has ended.
        """
        if self._judge is None:
            return []
        try:
            findings = self._judge.feed(self._decoding.feed(content))
        except UnreadableError:
            self._judge = None
            return []
        return [self._shown(finding) for finding in findings]

    def _shown(self, finding: Finding) -> Finding:
        """Return a finding without the secrets in its words."""
        secrets = self._judging.cleaner.sought_in(self._asked)
        message, text = (masked(words.encode(), secrets).decode() for words in (finding.message, finding.text))
        return replace(finding, message=message, text=text)


def judge_kept(kept: Exchange, judging: Judging) -> Judged | Skipped | UnreadableError:
    """Judge an exchange as it was kept, exactly as `check` judges it in its cassette; its body is let go."""
    sifted = sift_kept(kept)
    if not isinstance(sifted, Exchange):
        return sifted
    judgement = judge(sifted, profile=judging.profile, provider=judging.provider)
    return Judged(replace(sifted, body=b"", sent=b"", reads=(), request=None), judgement)
