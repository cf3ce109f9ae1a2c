"""An upstream behind TLS: whom it trusts, what it says, and what passes is no different."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from deltaproof.exchange import End
from tests.record.rig import body_of, client, kept, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, EVENTS, LAST, Asked, Line, chunk, scripted
from tests.run.server import response, serving

STREAM = CHUNKED_HEAD + b"".join(map(chunk, EVENTS)) + LAST


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server for `localhost` needs, and the file with its certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    making = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*making, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context, certificate


def test_what_comes_over_tls_is_relayed_alike(
    certified: tuple[ssl.SSLContext, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is told its name, and that HTTP/1.1 is spoken; keys may go to it."""
    context, certificate = certified
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names: list[object] = []
    context.sni_callback = lambda _connection, name, _context: names.append(name)

    async def talk() -> list[object]:
        spoken: list[object] = []

        async def script(_: Asked, line: Line) -> None:
            spoken.append(line.writer.get_extra_info("ssl_object").selected_alpn_protocol())
            await line.say(STREAM)

        async with (
            scripted(script, tls=context) as upstream,
            recorder(upstream.url, tmp_path / "out") as rig,
            client(rig.port) as one,
        ):
            for _ in range(2):
                await one.ask(request(headers="Authorization: Bearer sk-0123456789abcdef\r\n"))
                await one.exactly(STREAM)
            assert upstream.connections == 1
        return spoken

    assert run(talk()) == ["http/1.1"] * 2
    assert names == ["localhost"]
    assert [(exchange.body, exchange.end) for exchange in kept(tmp_path / "out")] == [(b"".join(EVENTS), End.EOF)] * 2


def test_a_certificate_that_is_not_trusted_is_a_502(certified: tuple[ssl.SSLContext, Path], tmp_path: Path) -> None:
    """That says so."""

    async def talk() -> bytes:
        async def script(_: Asked, line: Line) -> None:
            await line.say(STREAM)

        async with (
            scripted(script, tls=certified[0]) as upstream,
            recorder(upstream.url, tmp_path / "out") as rig,
            client(rig.port) as one,
        ):
            await one.ask(request())
            return await one.until(b"}}")

    answer = run(talk())
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert "TLS failed: the certificate is not trusted: self-signed certificate" in str(body_of(answer))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_port_without_tls_is_a_502(tmp_path: Path) -> None:
    """That says so, too."""

    async def talk(url: str) -> bytes:
        async with recorder(url.replace("http:", "https:"), tmp_path / "out") as rig, client(rig.port) as one:
            await one.ask(request())
            return await one.until(b"}}")

    with serving(lambda _: [response(b"{}", status="400 Bad Request")]) as server:
        answer = run(talk(server.url))
    assert "the port does not speak TLS: what it answered to a TLS hello is none" in str(body_of(answer))
