"""What goes wrong on the way to a response, from the client's errors to words. Sends and reads nothing."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum

from deltaproof.exchange import End


class Trouble(StrEnum):
    """Why there is no response.

    The first four: there is no connection. SILENT: nothing came within the time allowed. CLOSED: the connection was
    closed or reset first. NOT_HTTP: what came is no HTTP. BUSY: there is one, which asks to come back later.
    """

    NO_HOST = "no-host"
    REFUSED = "refused"
    NO_ROUTE = "no-route"
    TLS = "tls"
    SILENT = "silent"
    CLOSED = "closed"
    NOT_HTTP = "not-http"
    BUSY = "busy"


def end_by(error: Exception) -> End:
    """Say how a body ended that this error ended."""
    import httpx2

    match error:
        case TimeoutError() | httpx2.TimeoutException():
            return End.TIMEOUT
        case httpx2.ReadError():
            return End.RESET
        case _:
            return End.CUT


def trouble_by(error: Exception, timeout: float) -> tuple[Trouble, str]:
    """Say why there is no response where this error came in its place; `timeout` is in seconds."""
    import httpx2

    causes = tuple(_causes(error))
    match error:
        case httpx2.ConnectTimeout():
            return Trouble.NO_ROUTE, f"there was no connection within {timeout:g} seconds"
        case httpx2.NetworkError() if cause := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
            return Trouble.TLS, f"TLS failed: {_ssl_words(cause)}"
        case httpx2.ConnectError():
            if any(isinstance(one, socket.gaierror) for one in causes):
                return Trouble.NO_HOST, "no machine of this name is known"
            if any(isinstance(one, ConnectionRefusedError) for one in causes):
                return Trouble.REFUSED, "nothing listens there: the connection was refused"
            number = next((one.errno for one in causes if isinstance(one, OSError) and one.errno), None)
            words = os.strerror(number).lower() if number else str(error)
            return Trouble.NO_ROUTE, f"there is no connection: {words}"
        case httpx2.TimeoutException() | TimeoutError():
            return Trouble.SILENT, f"nothing came within {timeout:g} seconds"
        case httpx2.RemoteProtocolError() if "without sending" not in str(error):
            return Trouble.NOT_HTTP, "what came is no HTTP"
        case httpx2.ReadError() | httpx2.WriteError():
            return Trouble.CLOSED, "the connection was reset before a response came"
        case _:
            return Trouble.CLOSED, "the connection was closed before a response came"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that caused it; clients try several addresses and group what came of each."""
    left: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while left:
        one = left.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        yield one
        left += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions


def _ssl_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    return (error.reason or str(error)).replace("_", " ").lower()
