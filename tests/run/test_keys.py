"""Facts about the key: it goes to the endpoint in one header, and to no other place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.command import Command
from tests.run.polite import MODEL, Polite
from tests.run.server import Act, Asked, refusal, response, serving

KEY = "sk-proj-0123456789abcdef"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the key into the environment, and another where tools look for one."""
    monkeypatch.setenv("THE_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-endpoint")
    return KEY


def written(folder: Path) -> bytes:
    """Return all that was written below a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_key_is_sent_as_a_bearer_token_and_only_where_it_was_named(command: Command, key: str) -> None:
    """A key that was not asked for is not sent, whatever the environment holds."""
    with serving(Polite().answer) as server:
        arguments = (server.url, "--model", MODEL, "--scenario", "plain-text")
        assert command(*arguments).code == 0
        assert {asked.headers.get("authorization") for asked in server.asked} == {None}
        server.asked.clear()
        assert command(*arguments, "--api-key-env", "THE_KEY").code == 0
        assert {asked.headers.get("authorization") for asked in server.asked} == {f"Bearer {key}"}
        assert not any(key.encode() in asked.body or key in asked.path for asked in server.asked)


def test_no_proxy_and_no_netrc_of_the_environment_comes_between(
    command: Command, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A proxy for plain http would read the key that goes to this machine; a netrc would send another one."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password another-secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(Polite().answer) as proxy, serving(Polite().answer) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        arguments = (server.url, "--model", MODEL, "--scenario", "plain-text")
        assert command(*arguments, "--api-key-env", "THE_KEY").code == 0
        assert {asked.headers.get("authorization") for asked in server.asked} == {f"Bearer {key}"}
        server.asked.clear()
        assert command(*arguments).code == 0
        assert {asked.headers.get("authorization") for asked in server.asked} == {None}
        assert proxy.asked == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_that_a_server_echoes_is_in_nothing_that_is_written(
    command: Command, key: str, tmp_path: Path, form: str
) -> None:
    """Not in the report, not on standard error, not in a recording: neither from a stream, a refusal, nor a header."""
    polite = Polite()

    def echo(asked: Asked) -> Iterator[bytes | Act]:
        token = asked.headers.get("authorization", "")
        echoing = (f"X-Seen: {token}", f"Server: for {token}")
        if asked.json.get("tools"):
            yield refusal(f"I do not like {token}")
        elif asked.json:
            said = b"".join(polite.events(asked.json)).replace(b"The sky", token.encode())
            yield response(said, kind="text/event-stream", headers=echoing)
        else:
            yield response(b"{}", status="400 Bad Request", headers=echoing)

    with serving(echo) as server:
        report = tmp_path / "report"
        arguments = ("--model", MODEL, "--api-key-env", "THE_KEY", "--record", tmp_path / "evidence", "--format", form)
        ran = command(
            server.url, *arguments, "-o", report, "--scenario", "plain-text", "--scenario", "tool-choice-auto"
        )
        assert sum(key in asked.headers.get("authorization", "") for asked in server.asked) == len(server.asked) == 4
    everything = written(tmp_path) + ran.out.encode() + ran.err.encode()
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == [
        "plain-text.yaml",
        "tool-choice-auto.yaml",
    ]
    assert b"I do not like Bearer ****" in everything
    assert key.encode() not in everything
    assert key[8:].encode() not in everything
