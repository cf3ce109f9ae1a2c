"""Facts about a real gateway that most have: nginx, as it comes and with its buffers off."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import deltaproof
from tools.gateways import nginx
from tools.servers.process import free_port

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here")


def remarks(directives: str) -> tuple[list[str], int]:
    """Send a recording through; return what is said of it, and the exit code."""
    upstream = free_port()
    with nginx.proxying(upstream, directives) as url:
        options = ("--through", url, "--upstream-port", str(upstream), "--format", "json")
        ran = deltaproof("replay", "cassettes/empower/empower-weather.yaml", *options, cwd=REPOSITORY)
    (passage,) = json.loads(ran.out)["passages"]
    return [remark["kind"] for remark in passage["remarks"]], ran.code


def test_nginx_that_asks_with_http_1_0_holds_fragments_back() -> None:
    """As older ones do by themselves, 1.30 does not: a short call comes when it has ended."""
    assert remarks("proxy_http_version 1.0;") == (["held-back"], 1)


def test_nginx_with_its_buffers_off_passes_all_on() -> None:
    """Then the same stream comes out as it went in."""
    assert remarks(nginx.UNBUFFERED) == ([], 0)
