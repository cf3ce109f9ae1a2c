"""nginx as a reverse proxy: as most have it, its buffers on, and with them off. The system's own, not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deltaproof.errors import DeltaproofError
from tools.gateways.gateway import SHOWN, Gateway
from tools.servers.environment import offline
from tools.servers.process import free_port, running

PATIENCE = 10.0
READY = "/ready"
UNBUFFERED = 'proxy_buffering off;\n    proxy_http_version 1.1;\n    proxy_set_header Connection "";'


@contextmanager
def buffering(upstream: int) -> Iterator[Gateway]:
    """Serve with the upstream's address and nothing else."""
    with proxying(upstream, "") as url:
        yield Gateway(
            "nginx",
            version(),
            url,
            "`proxy_pass` and nothing else, so that `proxy_buffering` is on",
            _location(SHOWN, ""),
        )


@contextmanager
def unbuffered(upstream: int) -> Iterator[Gateway]:
    """Serve with buffers off, and with the version of HTTP that keeps connections."""
    with proxying(upstream, UNBUFFERED) as url:
        yield Gateway(
            "nginx", version(), url, "`proxy_buffering off` and `proxy_http_version 1.1`", _location(SHOWN, UNBUFFERED)
        )


@contextmanager
def proxying(upstream: int, directives: str) -> Iterator[str]:
    """Pass all requests on to a port, as some directives say; yield the base URL that clients are given."""
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(_configuration(folder, port, upstream, directives), encoding="utf-8")
        command = (_program(), "-e", folder / "error.log", "-c", folder / "nginx.conf")
        with running(command, port, cwd=folder, env=offline(), patience=PATIENCE, path=READY):
            yield f"http://127.0.0.1:{port}/v1"


def version() -> str:
    """Return what nginx says of its version."""
    told = subprocess.run([_program(), "-v"], capture_output=True, check=True, text=True).stderr  # noqa: S603 - nginx itself
    return told.strip().rpartition("/")[2].partition(" ")[0]


def _program() -> str:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise DeltaproofError("nginx is not installed", hint="On Debian and Ubuntu: apt install nginx-light")
    return program


def _configuration(folder: Path, port: int, upstream: int, directives: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    places = " ".join(f"{what}_temp_path {folder};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
        f" events {{ worker_connections 256; }}"
        f" http {{ access_log off; {places} server {{ listen 127.0.0.1:{port};"
        f" location = {READY} {{ return 200; }}"
        f" {_location(upstream, directives)} }} }}\n"
    )


def _location(upstream: int, directives: str) -> str:
    more = f"\n    {directives}" if directives else ""
    return f"location / {{\n    proxy_pass http://127.0.0.1:{upstream};{more}\n}}\n"
