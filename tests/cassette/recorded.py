"""Whatever a recorder may have made, for properties; and the provenance that tests give. No tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
from hypothesis import strategies as st

from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.scrub import Cleaner
from deltaproof.exchange import End, Exchange, Fidelity, Head, Read
from tests.cassette.sessions import URL

PROVENANCE = {"date": "2026-11-22", "server": "tiny", "version": "1.0"}

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=12)
LATIN = st.text(st.characters(max_codepoint=0xFF), max_size=20)
HEADERS = (
    st.dictionaries(TOKEN, st.lists(LATIN, min_size=1, max_size=3), max_size=4)
    .map(lambda fields: tuple((name, value) for name, values in fields.items() for value in values))
    .filter(lambda pairs: not Head(200, pairs).get("content-encoding"))
)
SPECIAL = [
    "data: {}",
    "\n",
    "\r",
    "\r\n",
    " ",
    ":",
    "\t",
    "\u2028",
    "\x85",
    "\ufeff",
    "…",
    "\x00",
    "- #",
    '"',
    "\\",
    "🎯",
]
TEXTS = st.text(max_size=100) | st.lists(st.sampled_from(SPECIAL), max_size=12).map("".join)
BODIES = st.binary(max_size=100) | TEXTS.map(lambda text: text.encode(errors="replace"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


MOMENTS = st.integers(0, 10**12).map(lambda number: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number))


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Return an exchange that any client, server and recorder may have made, apart from what is scrubbed.

    What was sent may be no JSON and no text; or only its object is known.
    """
    body = draw(BODIES)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4))) if body else []
    stops = [*cuts, len(body)]
    times = sorted(draw(st.lists(st.integers(0, 10**12), min_size=len(stops) + 1, max_size=len(stops) + 1)))
    sizes = [stop - start for start, stop in zip([0, *cuts], stops, strict=True)]
    reads = tuple(Read(at / 10**9, size) for at, size in zip(times, sizes, strict=False))
    known: Mapping[str, object] = draw(st.dictionaries(TEXTS, JSON, max_size=4)) | {"stream": True}
    sent = draw(BODIES | st.sampled_from([b"", orjson.dumps(known, default=str)]))
    exchange = Exchange(
        source="-",
        body=body,
        request=loads_object(sent) if sent else known,
        sent=sent,
        sent_headers=draw(HEADERS),
        sent_at=draw(st.none() | MOMENTS),
        head=Head(draw(st.integers(100, 999)), draw(HEADERS)),
        reads=draw(st.sampled_from([(), reads])),
        end=draw(st.sampled_from(End)),
        ended=draw(st.sampled_from([None, times[-1] / 10**9])),
        fidelity=draw(st.sampled_from(Fidelity)),
        method="POST",
        url=URL,
        scenario=draw(st.sampled_from(["", "greeting"])),
        answer=draw(st.none() | st.dictionaries(TEXTS, JSON, max_size=4)),
    )
    return Cleaner().exchange(exchange)


def as_read(exchange: Exchange) -> Exchange:
    """Return an exchange as far as a cassette must give it back.

    Times are as the recorder's clock gave them: milliseconds are no binary fractions, and readers round differently.
    Who knows only the object that was sent is given bytes for it, and a header by which vcrpy takes them for JSON; bytes
    that were sent are compared by themselves.
    """
    headers = () if exchange.sent_headers == (("content-type", "application/json"),) else exchange.sent_headers
    return replace(
        exchange,
        sent=b"",
        sent_headers=headers,
        ended=None if exchange.ended is None else round(exchange.ended, 9),
        reads=tuple(Read(round(read.at, 9), read.size) for read in exchange.reads),
        provenance={},
    )
