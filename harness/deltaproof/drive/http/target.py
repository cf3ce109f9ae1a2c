"""The endpoint under test: its address, its model and its key, and what is refused before anything is sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from deltaproof.errors import DeltaproofError, RefusedError

CONNECTING = 5.0
"""Seconds that a connection may take at most, and so may a TLS handshake: neither waits for a model."""

_ENDPOINT = "/chat/completions"
_SECRET_PARAMETERS = ("key", "token", "secret", "sig", "password")


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint under test.

    Attributes:
        url: its base URL, which usually ends in /v1; no slash at the end, no query.
        query: what stands after the `?` of every address, such as an api-version; usually empty.
        model: what to ask for.
        key: what opens it; empty where nothing is sent.
        key_name: the environment variable that the key is from, empty where none was named.
    """

    url: str
    query: str
    model: str
    key: str = field(repr=False)
    key_name: str

    def address(self, path: str) -> str:
        """Return the URL of a path below the base URL."""
        return f"{self.url}{path}?{self.query}" if self.query else f"{self.url}{path}"


def read_target(url: str, model: str, key_name: str | None, environment: Mapping[str, str]) -> Target:
    """Read what the operator named.

    Raises:
        DeltaproofError: the URL is none, or the variable of the key is not set.
        RefusedError: the URL has a password or a key in it, or the key would go over plain http off loopback.
    """
    parts = read_base(url, "Name the variable that holds the key: --api-key-env NAME")
    key = _key(key_name, environment)
    if key and in_the_clear(parts):
        raise RefusedError(
            "a key is not sent over plain http to another machine", where=url, hint="Use https, or no --api-key-env"
        )
    return Target(f"{parts.scheme}://{parts.netloc}{parts.path}", parts.query, model, key, key_name or "")


def read_base(url: str, hint: str) -> SplitResult:
    """Read a base URL; its path comes back without a slash at the end, and without that of the endpoint.

    Raises:
        DeltaproofError: the URL is none.
        RefusedError: it has a password or a key in it, and `hint` says where to put that.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise DeltaproofError(f"this is no URL: {error}", where=url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        advice = f"Write http://{url}" if "//" not in url else "Write http://HOST:PORT/v1 or https://HOST/v1"
        raise DeltaproofError("this is no URL of an endpoint", where=url, hint=advice)
    if parts.username is not None or parts.password is not None:
        raise RefusedError("a URL with a user name or password in it ends up in reports", hint=hint)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if any(word in name.lower() for word in _SECRET_PARAMETERS):
            raise RefusedError(f"a URL with the parameter {name!r} in it ends up in reports", hint=hint)
    return parts._replace(path=parts.path.rstrip("/").removesuffix(_ENDPOINT))


def in_the_clear(base: SplitResult) -> bool:
    """Tell whether what is sent there can be read on the way: it is plain http to another machine."""
    return base.scheme == "http" and not _is_loopback(base.hostname or "")


def _key(name: str | None, environment: Mapping[str, str]) -> str:
    if not name:
        return ""
    key = environment.get(name, "").strip()
    if not key:
        raise DeltaproofError("no key is in this environment variable", where=name, hint=f"export {name}=…")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise DeltaproofError("what is in this environment variable cannot be a key", where=name)
    return key


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
