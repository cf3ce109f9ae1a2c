"""Whatever a recorder may have made, for properties; and the provenance that tests give. No tests."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from deltaproof.cassette.scrub import scrubbed
from deltaproof.exchange import End, Exchange, Fidelity, Head, Read
from tests.cassette.sessions import URL

PROVENANCE = {"date": "2026-11-22", "server": "tiny", "version": "1.0"}

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=12)
LATIN = st.text(st.characters(max_codepoint=0xFF), max_size=20)
HEADERS = (
    st.dictionaries(TOKEN, st.lists(LATIN, min_size=1, max_size=3), max_size=4)
    .map(lambda fields: tuple((name, value) for name, values in fields.items() for value in values))
    .filter(
        lambda pairs: scrubbed(Head(200, pairs)) == Head(200, pairs) and not Head(200, pairs).get("content-encoding")
    )
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


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Return an exchange that any server and any recorder may have made, apart from what is scrubbed."""
    body = draw(BODIES)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4))) if body else []
    stops = [*cuts, len(body)]
    times = draw(st.lists(st.integers(0, 10**12), min_size=len(stops), max_size=len(stops)))
    sizes = [stop - start for start, stop in zip([0, *cuts], stops, strict=True)]
    reads = tuple(Read(at / 10**9, size) for at, size in zip(sorted(times), sizes, strict=True))
    request = draw(st.dictionaries(TEXTS, JSON, max_size=4)) | {"stream": True}
    return Exchange(
        source="-",
        body=body,
        request=request,
        sent=draw(st.sampled_from([b"", json.dumps(request).encode()])),
        head=Head(draw(st.integers(100, 999)), draw(HEADERS)),
        reads=draw(st.sampled_from([(), reads])),
        end=draw(st.sampled_from(End)),
        fidelity=draw(st.sampled_from(Fidelity)),
        method="POST",
        url=URL,
        scenario=draw(st.sampled_from(["", "greeting"])),
        answer=draw(st.none() | st.dictionaries(TEXTS, JSON, max_size=4)),
    )
