"""Exchanges to a cassette that is written whole. What stands in it is in entries.py, adding to one in append.py.

vcrpy reads files in the locale's encoding: where that is not UTF-8, Python needs `PYTHONUTF8=1` for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from deltaproof.cassette.disk import replace_file
from deltaproof.cassette.entries import cassette_text
from deltaproof.cassette.scrub import DEFAULT, Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.exchange import Exchange


def write_cassette(
    path: Path, exchanges: Sequence[Exchange], *, provenance: Mapping[str, str], scrub: Scrub = DEFAULT
) -> None:
    """Write exchanges to a file, in order; its folder is made, and what is there is replaced whole or not at all.

    Secrets are taken out first. Bodies are written as they are given: best as they were sent, content encoding and
    all, with the sizes that the reads then had. Times are kept to the nanosecond, headers as sent, the values of one
    name together. `provenance` says for people where all this is from: server, version; added are what an exchange
    says itself, deltaproof's version, and where they are known when its request was sent, and for which scenario.

    Raises `DeltaproofError` where the system refuses the file or its folder.
    """
    cleaner = Cleaner(scrub)
    replace_file(path, cassette_text([cleaner.exchange(one) for one in exchanges], provenance).encode())
