"""What goes wrong on the way to a response, from errors to words. Sends and reads nothing."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from deltaproof.exchange import End

if TYPE_CHECKING:
    import httpx2


HANDSHAKE = "start_tls"
"""What the client's names for the steps of a handshake have in them."""

# What OpenSSL calls bytes that are no TLS; which of them, is up to its version.
_NOT_TLS = frozenset({"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"})


class Trouble(StrEnum):
    """Why there is no response.

    The first five: there is no connection; NO_TLS: as far as can be told, because the port does not speak it. SILENT:
    nothing came within the time allowed. CLOSED: the connection was closed or reset first. NOT_HTTP: what came is no
    HTTP. BUSY: there is one, which asks to come back later.
    """

    NO_HOST = "no-host"
    REFUSED = "refused"
    NO_ROUTE = "no-route"
    NO_TLS = "no-tls"
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


def trouble_by(error: Exception, step: str, limits: httpx2.Timeout) -> tuple[Trouble, str]:
    """Say why there is no response where this error came in its place, in the client's last step; limits in seconds."""
    import httpx2

    causes = tuple(_causes(error))
    match error:
        case httpx2.ConnectTimeout() if HANDSHAKE in step:
            return no_handshake(TimeoutError(), limits.connect or 0)
        case httpx2.ConnectError() if HANDSHAKE in step:
            return no_handshake(error, limits.connect or 0)
        case httpx2.ConnectTimeout():
            return no_connection(TimeoutError(), limits.connect or 0)
        case httpx2.NetworkError() if cause := _ssl_error(causes):
            return Trouble.TLS, f"TLS failed: {_ssl_words(cause)}"
        case httpx2.ConnectError():
            return no_connection(error, limits.connect or 0)
        case httpx2.TimeoutException() | TimeoutError():
            return Trouble.SILENT, f"nothing came within {limits.read:g} seconds"
        case httpx2.RemoteProtocolError() if "without sending" not in str(error):
            return Trouble.NOT_HTTP, "what came is no HTTP"
        case httpx2.ReadError() | httpx2.WriteError():
            return Trouble.CLOSED, "the connection was reset before a response came"
        case _:
            return Trouble.CLOSED, "the connection was closed before a response came"


def no_connection(error: Exception, seconds: float) -> tuple[Trouble, str]:
    """Say why there is no connection where this error came in its place; it was waited for so many seconds."""
    causes = tuple(_causes(error))
    if isinstance(error, TimeoutError):
        return Trouble.NO_ROUTE, f"there was no connection within {seconds:g} seconds"
    if any(isinstance(one, socket.gaierror) for one in causes):
        return Trouble.NO_HOST, "no machine of this name is known"
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return Trouble.REFUSED, "nothing listens there: the connection was refused"
    number = next((one.errno for one in causes if isinstance(one, OSError) and one.errno), None)
    words = os.strerror(number).lower() if number else str(error)
    return Trouble.NO_ROUTE, f"there is no connection: {words}"


def no_handshake(error: Exception, seconds: float) -> tuple[Trouble, str]:
    """Say why a TLS handshake came to nothing; that silence and a closed connection mean no TLS is but likely."""
    seems = "the port does not speak TLS, it seems"
    if isinstance(error, TimeoutError):
        return Trouble.NO_TLS, f"{seems}: a TLS hello got no answer within {seconds:g} seconds"
    cause = _ssl_error(tuple(_causes(error)))
    if cause is None or isinstance(cause, ssl.SSLEOFError):
        return Trouble.NO_TLS, f"{seems}: the connection was closed over a TLS hello"
    if cause.reason in _NOT_TLS:
        return Trouble.NO_TLS, "the port does not speak TLS: what it answered to a TLS hello is none"
    return Trouble.TLS, f"TLS failed: {_ssl_words(cause)}"


def _ssl_error(causes: tuple[BaseException, ...]) -> ssl.SSLError | None:
    """Return what TLS failed for; that it waited for the other side is no failure."""
    waits = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
    return next((one for one in causes if isinstance(one, ssl.SSLError) and not isinstance(one, waits)), None)


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
