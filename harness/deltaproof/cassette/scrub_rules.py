"""What counts as a secret. What a project adds to that is read in scrub_table.py; nothing is taken out here."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD, BASE64 = "A-Za-z0-9", "A-Za-z0-9_-"

SHORTEST = 8
"""Characters of a secret that is looked for elsewhere too; what servers without keys are given is shorter."""

_PLACEHOLDER = re.compile(
    r"[^A-Za-z0-9]*(?:bearer |basic )?[^A-Za-z0-9]*"
    r"(?:scrubbed|redacted|filtered|masked|hidden|removed|dummy|fake|x{3,}|\*+)"
    r"(?:[ _-]?(?:access|api|auth|authorization|cookie|header|key|secret|token|value))*[^A-Za-z0-9]*",
    re.IGNORECASE,
)


def is_placeholder(value: str) -> bool:
    """Tell whether a value is what recorders write in place of a secret."""
    return not value or _PLACEHOLDER.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Shape:
    """A key that shows by itself.

    Attributes:
        start: how it begins.
        least: how many characters follow at least.
        alphabet: which, as in a regular expression's class.
        dots: how many further parts follow, each after a full stop.
    """

    start: str
    least: int = 20
    alphabet: str = WORD
    dots: int = 0


_SHAPES = (
    Shape("sk-", 16, BASE64),  # OpenAI, Anthropic and all who follow them
    Shape("eyJ", 8, BASE64, dots=2),  # a JSON Web Token
    Shape("Bearer ", 20, "A-Za-z0-9._~+/=-"),  # RFC 6750, 2.1
    Shape("hf_"),
    Shape("gsk_"),
    Shape("nvapi-", 20, BASE64),
    Shape("pplx-"),
    Shape("xai-"),
    Shape("AIza", 30, BASE64),
    Shape("AKIA", 16, "A-Z0-9"),
    Shape("ASIA", 16, "A-Z0-9"),
    *(Shape(f"gh{kind}_") for kind in "opsur"),
    Shape("github_pat_", 20, "A-Za-z0-9_"),
    Shape("glpat-", 16, BASE64),
    Shape("xoxb-", 16, BASE64),
    Shape("xoxp-", 16, BASE64),
)


@dataclass(frozen=True, slots=True)
class Scrub:
    """What is taken out of an exchange before it touches the disk. In names, `*` stands for anything, case for nothing.

    Attributes:
        headers: of requests and responses.
        parameters: of a URL's query.
        fields: of JSON, by name, where the value is text; `_` and `-` in names do not matter.
        shapes: keys that show by themselves, wherever they stand.
        patterns: regular expressions for what else is a secret, within one line. While there are any, a line is
            journalled when it is complete.
    """

    headers: tuple[str, ...] = (
        "authorization",
        "*-authorization",
        "cookie",
        "set-cookie",
        "*api-key",
        "*token",
        "*secret*",
        "*password*",
        "*organization",
        "*organization-id",
        "openai-project",
    )
    parameters: tuple[str, ...] = ("*key", "*token", "*secret", "*password", "sig", "signature", "x-amz-credential")
    fields: tuple[str, ...] = (
        "access_token",
        "api_key",
        "api_secret",
        "api_token",
        "auth_token",
        "authorization",
        "bearer_token",
        "client_secret",
        "id_token",
        "passwd",
        "password",
        "private_key",
        "refresh_token",
        "secret_access_key",
        "secret_key",
        "session_token",
        "x_api_key",
    )
    shapes: tuple[Shape, ...] = _SHAPES
    patterns: tuple[str, ...] = ()
