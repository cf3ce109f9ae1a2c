"""Where requests go: which path on the upstream, which cassette, and what is not relayed."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest

from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.record.keeper import Missed
from deltaproof.drive.record.routes import Refusal, Route, find_route
from deltaproof.drive.record.session import Told
from deltaproof.drive.record.upstream import read_origin
from tests.record.rig import body_of, client, kept, recorder, request, run
from tests.record.scripted import saying, scripted, whole

OWN = frozenset({"127.0.0.1:9"})


def incoming(target: str, *headers: tuple[str, str], method: str = "POST") -> Incoming:
    """Return a request without a body."""
    return Incoming(method, target, (("Host", "127.0.0.1:9"), *headers), b"", persistent=True)


@pytest.mark.parametrize(
    ("upstream", "target", "route"),
    [
        ("https://a.test/v1", "/v1/chat/completions", Route("cassette", "", "/v1/chat/completions")),
        ("https://a.test/openai/v1", "/v1/chat/completions", Route("cassette", "", "/openai/v1/chat/completions")),
        ("https://a.test/v1/chat/completions", "/v1/models", Route("cassette", "", "/v1/models")),
        ("https://a.test", "/v1/models", Route("cassette", "", "/models")),
        ("https://a.test", "/v1", Route("cassette", "", "/")),
        ("https://a.test/x?v=1", "/v1/models?a=b", Route("cassette", "", "/x/models?a=b&v=1")),
        ("https://a.test/x", "/v1beta/models", Route("cassette", "", "/v1beta/models")),
        ("https://a.test/x", "/health", Route("cassette", "", "/health")),
        ("https://a.test/x", "//b.test/v1", Route("cassette", "", "//b.test/v1")),
        ("https://a.test/x", "/scenario/two-calls/v1/models", Route("two-calls", "two-calls", "/x/models")),
        ("https://a.test/x", "/scenario/a.b_C-9/health", Route("a.b_C-9", "a.b_C-9", "/health")),
        ("https://a.test/x", "http://127.0.0.1:9/v1/models", Route("cassette", "", "/x/models")),
    ],
)
def test_a_path_below_v1_is_one_below_the_base_url(upstream: str, target: str, route: Route) -> None:
    """A scenario's name is taken off first; what is not below /v1 stays as it is."""
    assert find_route(incoming(target), read_origin(upstream), OWN) == route


@pytest.mark.parametrize(
    ("asked", "status", "why"),
    [
        (incoming("b.test:443", method="CONNECT"), HTTPStatus.METHOD_NOT_ALLOWED, "opens no tunnels"),
        (incoming("http://b.test/v1/models"), HTTPStatus.MISDIRECTED_REQUEST, "records https://a.test/v1 only"),
        (incoming("https://127.0.0.1:9/v1"), HTTPStatus.MISDIRECTED_REQUEST, "records https://a.test/v1 only"),
        (incoming("ftp://127.0.0.1:9/v1"), HTTPStatus.MISDIRECTED_REQUEST, "records https://a.test/v1 only"),
        (incoming("/v1/x", ("Upgrade", "websocket")), HTTPStatus.NOT_IMPLEMENTED, "upgrades no connections"),
        (incoming("/scenario//v1/models"), HTTPStatus.NOT_FOUND, "'' is no name for a scenario"),
        (incoming("/scenario/Snapshot/v1/models"), HTTPStatus.NOT_FOUND, "snapshot.yaml beside recordings is the file"),
        (incoming("/scenario/../v1/models"), HTTPStatus.NOT_FOUND, "'..' is no name"),
        (incoming("/scenario/.journal/v1"), HTTPStatus.NOT_FOUND, "'.journal' is no name"),
        (incoming("/scenario/%2e%2e/v1"), HTTPStatus.NOT_FOUND, "'%2e%2e' is no name"),
        (incoming("/scenario/" + "x" * 101 + "/v1"), HTTPStatus.NOT_FOUND, "is no name"),
    ],
)
def test_what_is_not_for_the_upstream_is_refused(asked: Incoming, status: HTTPStatus, why: str) -> None:
    """With a status and a reason."""
    refusal = find_route(asked, read_origin("https://a.test/v1"), OWN)
    assert isinstance(refusal, Refusal)
    assert refusal.status is status
    assert why in refusal.why


@pytest.mark.parametrize(
    ("upstream", "header", "refused"),
    [
        ("http://192.0.2.1/v1", ("Authorization", "Bearer sk-0123456789"), True),
        ("http://192.0.2.1/v1", ("api-key", "0123456789"), True),
        ("http://192.0.2.1/v1", ("X-Goog-Api-Key", "0123456789"), True),
        ("http://192.0.2.1/v1", ("Proxy-Authorization", "Basic 0123456789"), True),
        ("http://192.0.2.1/v1", ("Authorization", "Bearer none"), False),
        ("http://192.0.2.1/v1", ("Authorization", "Bearer dummy-api-key"), False),
        ("http://192.0.2.1/v1", ("x-stainless-retry-count", "0123456789"), False),
        ("https://192.0.2.1/v1", ("Authorization", "Bearer sk-0123456789"), False),
        ("http://127.0.0.1/v1", ("Authorization", "Bearer sk-0123456789"), False),
        ("http://localhost/v1", ("Authorization", "Bearer sk-0123456789"), False),
        ("http://[::1]/v1", ("Authorization", "Bearer sk-0123456789"), False),
    ],
)
def test_no_key_goes_over_plain_http_to_another_machine(upstream: str, header: tuple[str, str], refused: bool) -> None:  # noqa: FBT001 - a column of the table
    """What is too short to be one is none."""
    found = find_route(incoming("/v1/models", header), read_origin(upstream), OWN)
    assert isinstance(found, Refusal) == refused
    if isinstance(found, Refusal):
        assert found.status is HTTPStatus.FORBIDDEN
        assert header[1] not in found.why


def test_a_scenario_has_a_cassette_of_its_own(tmp_path: Path) -> None:
    """Named after it; the same client may record into several."""

    async def talk() -> list[str]:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            for path in ("/scenario/a/v1/models", "/v1/models", "/scenario/b.1/v1/models", "/scenario/a/v1/models"):
                await one.ask(request(path, method="GET", body=b""))
                await one.exactly(whole(b"{}"))
            return [asked.line for asked in upstream.asked]

    assert run(talk()) == ["GET /v1/models HTTP/1.1"] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.1.yaml", "cassette.yaml"]
    assert [exchange.scenario for exchange in kept(tmp_path, "a")] == ["a", "a"]
    assert [exchange.scenario for exchange in kept(tmp_path, "b.1")] == ["b.1"]


def test_a_refusal_is_json_and_leaves_the_connection_open(tmp_path: Path) -> None:
    """Nothing of it reaches the upstream, and nothing is kept; who records is told."""

    async def talk() -> tuple[object, int, list[Told]]:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request("/scenario/.hidden/v1/models"))
            refusal = await one.until(b"}}")
            await one.ask(request("/v1/models"))
            await one.exactly(whole(b"{}"))
            return body_of(refusal), len(upstream.asked), rig.told[1:2]

    why = "'.hidden' is no name for a scenario: it takes up to 100 letters, digits and . _ -, and begins with one of the first two"
    assert run(talk()) == (
        {"error": {"message": why, "type": "deltaproof_error", "param": None, "code": None}},
        1,
        [Missed(why)],
    )
    assert len(kept(tmp_path)) == 1


def test_a_key_of_ours_takes_the_place_of_the_client_s(tmp_path: Path) -> None:
    """The upstream gets it; the cassette has neither."""

    async def talk() -> bytes:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path, key="sk-ours-ours-ours-1") as rig,
            client(rig.port) as one,
        ):
            await one.ask(request(headers="Authorization: Bearer unused-by-the-client\r\n"))
            await one.until(b"{}")
            return upstream.asked[0].head

    asked = run(talk())
    assert b"Authorization: Bearer sk-ours-ours-ours-1\r\n" in asked
    assert b"unused-by-the-client" not in asked
    (exchange,) = kept(tmp_path)
    assert ("Authorization", "SCRUBBED") in exchange.sent_headers
    assert b"sk-ours" not in (tmp_path / "cassette.yaml").read_bytes()


def test_all_goes_into_one_cassette_if_that_is_told(tmp_path: Path) -> None:
    """Whatever scenario is asked for; its name may be one that no client could ask for."""

    async def talk() -> None:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path, cassette="test[é 1]") as rig,
            client(rig.port) as one,
        ):
            for path in ("/v1/chat/completions", "/scenario/two/v1/models"):
                await one.ask(request(path))
                await one.until(b"{}")

    run(talk())
    assert [one.scenario for one in kept(tmp_path, "test[é 1]")] == ["", "two"]
    assert [path.name for path in tmp_path.iterdir()] == ["test[é 1].yaml"]
