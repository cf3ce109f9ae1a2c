"""Facts about a real gateway that most have: nginx, as it comes and with its buffers off."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import deltaproof
from tools.gateways import nginx
from tools.gateways.gateway import Serving
from tools.servers.process import free_port

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here")


def remarks(serving: Serving) -> tuple[list[str], int]:
    """Send a recording through; return what is said of it, and the exit code."""
    upstream = free_port()
    with serving(upstream) as gateway:
        options = ("--through", gateway.url, "--upstream-port", str(upstream), "--format", "json")
        ran = deltaproof("replay", "cassettes/empower/empower-weather.yaml", *options, cwd=REPOSITORY)
    (passage,) = json.loads(ran.out)["passages"]
    return [remark["kind"] for remark in passage["remarks"]], ran.code


def test_nginx_as_it_comes_holds_fragments_back() -> None:
    """`proxy_buffering` is on where nobody turns it off: a short call comes when it has ended."""
    assert remarks(nginx.buffering) == (["held-back"], 1)


def test_nginx_with_its_buffers_off_passes_all_on() -> None:
    """Then the same stream comes out as it went in."""
    assert remarks(nginx.unbuffered) == ([], 0)
