"""Facts about compressed bodies: what they decode to, and what becomes of the reads they came in."""

from __future__ import annotations

import gzip
import zlib

import pytest
import yaml

from deltaproof.cassette import read_bytes
from deltaproof.cassette.coding import Decoding, decode, names, undecodable
from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Read
from tests.cassette.sessions import BODY, GZIPPED, RESPONSE, VCRPY_REQUEST


def raw_deflate(body: bytes) -> bytes:
    """Compress without the header that zlib writes."""
    return zlib.compress(body)[2:-4]


@pytest.mark.parametrize(
    ("body", "header"),
    [
        pytest.param(BODY, None, id="none"),
        pytest.param(BODY, "identity", id="identity"),
        pytest.param(GZIPPED, "gzip", id="gzip"),
        pytest.param(GZIPPED, "X-GZip", id="x-gzip"),
        pytest.param(gzip.compress(BODY[:50]) + gzip.compress(BODY[50:]), "gzip", id="gzip-in-two-members"),
        pytest.param(zlib.compress(BODY), "deflate", id="deflate"),
        pytest.param(raw_deflate(BODY), "deflate", id="deflate-without-header"),
        pytest.param(gzip.compress(zlib.compress(BODY)), "deflate, gzip", id="deflate-then-gzip"),
        pytest.param(BODY, "gzip", id="decoded-by-its-recorder"),
    ],
)
def test_a_body_decodes_to_what_it_means(body: bytes, header: str | None) -> None:
    """Encodings are undone from the last to the first; text that only claims to be encoded is left alone.

    While it arrives, byte by byte, it decodes to the same.
    """
    codings = names(header)
    assert undecodable(body, codings) is None
    assert decode(body, codings) == (BODY, ())
    decoding = Decoding(codings)
    assert b"".join(decoding.feed(bytes([byte])) for byte in body) == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_an_empty_body_needs_no_decoder(coding: str) -> None:
    """Nothing, encoded in anything, is nothing."""
    assert undecodable(b"", (coding,)) is None
    assert decode(b"", (coding,)) == (b"", ())


def test_brotli_is_undone_where_its_package_is_there() -> None:
    """No brotli package is asked for; one that is found is used."""
    brotli = pytest.importorskip("brotli")
    compressed = brotli.compress(BODY)
    assert undecodable(compressed, ("br",)) is None
    assert decode(compressed, ("br",)) == (BODY, ())
    with pytest.raises(UnreadableError, match="ends early"):
        decode(compressed[:-5], ("br",))
    with pytest.raises(UnreadableError, match="not valid br"):
        decode(b"\xff" * 40, ("br",))
    with pytest.raises(UnreadableError, match="more than 64 MiB"):
        decode(brotli.compress(bytes(2**27)), ("br",))


def test_without_a_decoder_the_coding_is_named() -> None:
    """What cannot be decoded is told before anything is tried."""
    assert undecodable(b"\x28\xb5\x2f\xfd", ("gzip", "zstd")) == "zstd"
    with pytest.raises(UnreadableError, match="zstd-encoded, and no decoder"):
        decode(b"\x28\xb5\x2f\xfd", ("zstd",))


def test_reads_are_told_in_the_bytes_they_decode_to() -> None:
    """Each read keeps its time; its size becomes that of what it made readable."""
    compressor = zlib.compressobj(wbits=31)
    first = compressor.compress(BODY[:60]) + compressor.flush(zlib.Z_SYNC_FLUSH)
    second = compressor.compress(BODY[60:]) + compressor.flush()
    sent = first[:10], first[10:], second
    reads = tuple(Read(at, len(part)) for at, part in zip((0.1, 0.2, 0.3), sent, strict=True))
    assert decode(b"".join(sent), ("gzip",), reads) == (
        BODY,
        (Read(0.1, 0), Read(0.2, 60), Read(0.3, len(BODY) - 60)),
    )


@pytest.mark.parametrize("end", [end for end in End if end is not End.EOF])
def test_a_stream_that_broke_off_is_decoded_as_far_as_it_came(end: End) -> None:
    """A cut connection cuts the encoding too: that is the server's doing, not damage."""
    compressor = zlib.compressobj(wbits=31)
    sent = compressor.compress(BODY[:60]) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert decode(sent, ("gzip",), end=end) == (BODY[:60], ())
    response = {
        **RESPONSE,
        "body": {"string": sent},
        "headers": {"content-encoding": ["gzip"]},
        "stream": {"end": end.value, "reads": [f"5 {len(sent)}"]},
    }
    cassette = {"interactions": [{"request": VCRPY_REQUEST, "response": response}], "version": 1}
    (exchange,) = read_bytes(yaml.safe_dump(cassette).encode(), "-")
    assert isinstance(exchange, Exchange)
    assert (exchange.body, exchange.reads, exchange.end) == (BODY[:60], (Read(0.005, 60),), end)
