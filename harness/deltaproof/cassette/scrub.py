"""What is taken out of an exchange before it touches the disk: headers and parts of a URL that open or name an account.

Bodies are not looked into here.
"""

from __future__ import annotations

import re

from deltaproof.exchange import Head

SCRUBBED = "SCRUBBED"
"""What stands in place of a secret."""

_HEADERS = frozenset(
    {
        "anthropic-organization-id",
        "api-key",
        "authorization",
        "cookie",
        "openai-organization",
        "openai-project",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-goog-api-key",
    }
)
_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/?#]*@", re.IGNORECASE)
_PARAMETER = re.compile(
    r"([?&](?:[a-z_-]*key|[a-z_-]*token|[a-z_-]*secret|sig|signature|password)=)[^&#]+", re.IGNORECASE
)


def scrubbed(head: Head) -> Head:
    """Return a response's head with the values of secret headers replaced, names and order kept."""
    return Head(
        head.status, tuple((name, SCRUBBED if name.lower() in _HEADERS else value) for name, value in head.headers)
    )


def scrubbed_url(url: str) -> str:
    """Return a URL without user, password and the values of key-like parameters, otherwise as it is."""
    return _PARAMETER.sub(rf"\g<1>{SCRUBBED}", _USER.sub(rf"\g<1>{SCRUBBED}@", url))
