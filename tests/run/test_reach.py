"""Facts about targets that cannot be run against: one line on standard error, nothing on standard output, exit code 2."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.run.command import Command, Ran
from tests.run.polite import MODEL, Polite
from tests.run.server import Act, Asked, Script, refusal, response, serving

HTML = b"<!doctype html><title>Hello</title>"
KEY = "sk-a-key-of-some-length"


def refused(line: str) -> Ran:
    """Return what a run leaves behind that ends with this line."""
    return Ran(2, "", f"deltaproof: {line}\n")


def test_nothing_listens(command: Command) -> None:
    """No server is no finding."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))  # bound, and so free to nobody else, but not listening
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        assert command(url, "--model", "m") == refused(
            f"{url}: nothing listens there: the connection was refused. Is the server running, and on this port?"
        )


def test_no_machine_of_that_name(command: Command) -> None:
    """The top-level domain `invalid` is kept free of names for ever (RFC 2606)."""
    assert command("https://host.invalid/v1", "--model", "m") == refused(
        "https://host.invalid/v1: no machine of this name is known. Check the host's name"
    )


@pytest.mark.parametrize(
    ("says", "line"),
    [
        (
            [Act.SILENCE],
            "nothing came within 0.5 seconds. Is it the right port? --timeout gives a slow server more seconds",
        ),
        (
            [Act.CUT],
            "the connection was closed before a response came. Is it the right port? A server with TLS wants https://",
        ),
        (
            [b"220 mail.example ESMTP\r\n\r\n", Act.CUT],
            "what came is no HTTP. Is it the right port? A server with TLS wants https://",
        ),
    ],
    ids=["silent", "closes", "another protocol"],
)
def test_something_else_listens(command: Command, says: list[bytes | Act], line: str) -> None:
    """What comes in place of a response is said."""
    with serving(lambda _: says) as server:
        assert command(server.url, "--model", "m", "--timeout", "0.5") == refused(f"{server.url}: {line}")


@pytest.mark.parametrize(
    ("says", "line"),
    [
        ([refusal("what?")], "the port does not speak TLS: what it answered to a TLS hello is none"),
        ([Act.CUT], "the port does not speak TLS, it seems: the connection was closed over a TLS hello"),
        ([Act.RESET], "the port does not speak TLS, it seems: the connection was closed over a TLS hello"),
    ],
    ids=["answers", "closes", "resets"],
)
def test_no_tls_where_tls_was_asked_for(command: Command, says: list[bytes | Act], line: str) -> None:
    """A server without TLS is found out by what it makes of a hello, and the way out is named."""
    with serving(lambda _: says) as server:
        url = server.url.replace("http:", "https:")
        assert command(url, "--model", "m") == refused(f"{url}: {line}. http:// may be meant")


@pytest.mark.parametrize(("timeout", "seconds"), [("60", 5), ("0.5", 0.5)])
def test_a_hello_that_is_never_answered_is_not_waited_for_as_a_model_is(
    command: Command, timeout: str, seconds: float
) -> None:
    """A server that takes connections and waits for plain HTTP is given 5 seconds, or the timeout where that is less."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
        begun = time.monotonic()
        assert command(url, "--model", "m", "--timeout", timeout) == refused(
            f"{url}: the port does not speak TLS, it seems: a TLS hello got no answer within {seconds:g} seconds."
            " http:// may be meant"
        )
        assert seconds <= time.monotonic() - begun < 30


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a polite endpoint over TLS, by a certificate of its own; return the URL and the certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    making = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*making, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    polite = Polite()
    with serving(polite.answer) as plain, closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = int(plain.url.split(":")[2].split("/")[0])

        def forward() -> None:
            while True:
                try:
                    raw, _ = listening.accept()
                except OSError:
                    return
                try:
                    with (
                        context.wrap_socket(raw, server_side=True) as client,
                        socket.create_connection(("127.0.0.1", port)) as on,
                    ):
                        threading.Thread(target=pump, args=(client, on), daemon=True).start()
                        pump(on, client)
                except OSError:
                    raw.close()

        threading.Thread(target=forward, daemon=True).start()
        yield f"https://localhost:{listening.getsockname()[1]}/v1", certificate


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes until it ends."""
    try:
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_certificate_is_trusted_where_the_operator_says_so(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with a certificate of its own is refused with the way out, and that way leads out."""
    with tls_server(tmp_path) as (url, certificate):
        ran = command(url, "--model", MODEL, "--scenario", "plain-text")
        assert ran.err == (
            f"deltaproof: {url}: TLS failed: the certificate is not trusted: self-signed certificate."
            " Name the certificate to trust in SSL_CERT_FILE; a server without TLS wants http://\n"
        )
        assert (ran.code, ran.out) == (2, "")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert command(url, "--model", MODEL, "--scenario", "plain-text").code == 0


def html(_: Asked) -> list[bytes]:
    """Be a web page at every path."""
    return [response(HTML, kind="text/html; charset=utf-8")]


def html_404(_: Asked) -> list[bytes]:
    """Be no page at any path."""
    return [response(HTML, status="404 Not Found", kind="text/html")]


def json_404(_: Asked) -> list[bytes]:
    """Be an interface without such paths."""
    return [response(b'{"detail": "Not Found"}', status="404 Not Found")]


@pytest.mark.parametrize(
    ("script", "answered"),
    [(html, "200 text/html"), (html_404, "404 text/html"), (json_404, "404 application/json")],
)
def test_no_endpoint_at_that_url(command: Command, script: Script, answered: str) -> None:
    """Whatever a server says at all paths, it is no endpoint."""
    with serving(script) as server:
        assert command(server.url, "--model", "m") == refused(
            f"{server.url}: there is no chat-completions endpoint: POST {server.url}/chat/completions was answered"
            f" {answered}. Check the URL; the suite needs its chat-completions endpoint"
        )
        root = server.url.removesuffix("/v1")
        assert command(root, "--model", "m") == refused(
            f"{root}: there is no chat-completions endpoint: POST {root}/chat/completions was answered"
            f" {answered}. A base URL usually ends in /v1"
        )


def test_an_endpoint_that_is_one_step_further_is_named(command: Command) -> None:
    """Whoever leaves out /v1 is told, if that is what is missing."""
    polite = Polite()
    with serving(polite.answer) as server:
        root = server.url.removesuffix("/v1")
        assert command(root, "--model", "m") == refused(
            f"{root}: there is no chat-completions endpoint: POST {root}/chat/completions was answered"
            f" 404 application/json. There is one at {server.url}"
        )


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_key_is_wanted_or_refused(command: Command, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """The line tells the two apart, has the server's words, and not the key."""
    monkeypatch.setenv("THE_KEY", KEY)
    code = status[:3]
    with serving(lambda _: [refusal(f"Incorrect API key: {KEY}.", status)]) as server:
        assert command(server.url, "--model", "m") == refused(
            f"{server.url}: a key is wanted, status {code}: Incorrect API key: {KEY}."
            " Name the environment variable that holds it: --api-key-env NAME"
        )
        assert command(server.url, "--model", "m", "--api-key-env", "THE_KEY") == refused(
            f"{server.url}: the key in THE_KEY is refused, status {code}: Incorrect API key: {'*' * len(KEY)}"
        )


def test_a_key_that_is_refused_by_the_first_scenario_only(command: Command) -> None:
    """Some servers look at the key only once the request is right."""

    def script(asked: Asked) -> list[bytes]:
        return [refusal("no key", "401 Unauthorized")] if asked.json else [refusal("empty")]

    with serving(script) as server:
        assert command(server.url, "--model", "m") == refused(
            f"{server.url}: a key is wanted, status 401: no key."
            " Name the environment variable that holds it: --api-key-env NAME"
        )


def test_redirects_are_not_followed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other address is named, and gets no request: it would get the key."""
    monkeypatch.setenv("THE_KEY", KEY)
    with serving(Polite().answer) as other:
        moved = response(b"", status="308 Permanent Redirect", headers=(f"Location: {other.url}/chat/completions",))
        with serving(lambda _: [moved]) as server:
            assert command(server.url, "--model", MODEL, "--api-key-env", "THE_KEY") == refused(
                f"{server.url}: the endpoint redirects to {other.url}/chat/completions, and redirects are not followed."
                " If that is where the endpoint is, give its base URL"
            )
        assert other.asked == []


def test_a_model_that_the_endpoint_does_not_have(command: Command) -> None:
    """It is refused by the first scenario, and the models that there are are named."""
    with serving(Polite().answer) as server:
        assert command(server.url, "--model", "gpt-x") == refused(
            f"{server.url}: the endpoint has no model 'gpt-x', status 400: there is no model gpt-x. It has {MODEL}"
        )


def test_a_model_that_is_not_found(command: Command) -> None:
    """A 404 that speaks of the model comes from an endpoint that is there, as OpenAI, vLLM and Ollama answer."""
    with serving(lambda _: [refusal("The model `gpt-x` does not exist", "404 Not Found")]) as server:
        assert command(server.url, "--model", "gpt-x") == refused(
            f"{server.url}: the endpoint has no model 'gpt-x', status 404: The model `gpt-x` does not exist."
            " It does not list those that it has"
        )


def test_an_endpoint_that_breaks_off_over_an_empty_object_is_tried_all_the_same(command: Command) -> None:
    """The first contact is no scenario: only what answers nothing at all is not there."""
    polite = Polite()

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "POST" and not asked.json:
            yield Act.CUT
        else:
            yield from polite.answer(asked)

    with serving(script) as server:
        assert command(server.url, "--model", MODEL, "--scenario", "plain-text").code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--scenario", "cats"], "there is no scenario 'cats'. Known: "),
        (["--profile", "strict"], "there is no profile 'strict'. Known: openai-strict"),
        (["--provider", "nobody"], "there is no provider 'nobody'. Known: "),
        (["--api-key-env", "NOT_SET"], "NOT_SET: no key is in this environment variable. export NOT_SET=…"),
    ],
)
def test_names_are_looked_up_before_anything_is_sent(command: Command, arguments: list[str], line: str) -> None:
    """A typing mistake costs no request."""
    with serving(Polite().answer) as server:
        ran = command(server.url, "--model", MODEL, *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"deltaproof: {line}")
        assert server.asked == []
