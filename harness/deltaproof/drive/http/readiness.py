"""Waiting for a server's process to answer over HTTP. Starts and ends none, and knows no server."""

from __future__ import annotations

import subprocess
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

PAUSE = 0.05  # seconds between two questions
_PATIENCE = 5.0  # seconds for one answer


def is_ready(process: subprocess.Popen[bytes], netloc: str, path: str, deadline: float) -> bool:
    """Ask until the answer is 200; false where the process ends, or the deadline passes, before.

    It is asked over plain http at `netloc`, a host with its port; the deadline is one of the monotonic clock.
    """
    while process.poll() is None and (left := deadline - time.monotonic()) > 0:
        connection = HTTPConnection(netloc, timeout=min(left, _PATIENCE))
        try:
            connection.request("GET", path)
            if connection.getresponse().status == HTTPStatus.OK:
                return True
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(PAUSE)
    return False
