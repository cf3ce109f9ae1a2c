"""Recorded streams of many servers, served with each split, come back as they are."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from deltaproof.cassette import read_kept, readable
from deltaproof.drive.http.responses import Finished, Piece, ResponseTap
from deltaproof.drive.play.replay_server import Options
from deltaproof.exchange import End, Exchange, Head
from deltaproof.split import How, Split
from tests.core.corpus import needs_recordings, recorded
from tests.serve.rig import asking, client, served


def exchanges(every: int) -> list[Exchange]:
    """Return every so manieth recording."""
    return [one for path in recorded(every) for one in read_kept(path) if isinstance(one, Exchange)]


@needs_recordings
@pytest.mark.parametrize(
    ("how", "every"),
    [(Split.RECORDED, 1), (Split.EVENT, 8), (Split.BYTE, 40), (Split.WHOLE, 8), (Split.INSIDE_UTF8, 8), (1000, 8)],
)
def test_streams_come_back_as_they_are(how: How, every: int) -> None:
    """Every recording is picked by its folder and name, and its body is the same, whatever the split."""
    kept = exchanges(every)
    with served(*kept, options=Options(None, how)) as server, client(server) as opened:
        for exchange in kept:
            path = Path(exchange.source)
            opened.ask(
                asking({"stream": True}, f"/scenario/{quote(path.parent.name)}/{quote(path.stem)}/v1/chat/completions")
            )
            tap = ResponseTap("POST")
            seen: list[Head | Piece | Finished] = []
            while not (seen and isinstance(seen[-1], Finished)):
                seen += tap.feed(opened.socket.recv(2**18))
            body = b"".join(one.content for one in seen if isinstance(one, Piece))
            expected = readable(exchange) if how in (Split.EVENT, Split.INSIDE_UTF8) else exchange
            assert body == expected.body, exchange.source
            assert seen[-1] == Finished(End.EOF, persistent=True)
    assert not server.shelf.unused
