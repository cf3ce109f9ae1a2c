"""What counts as a secret, and what a project adds in its `[tool.deltaproof.scrub]`. Takes nothing out itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from deltaproof.errors import DeltaproofError

_TABLE = "[tool.deltaproof.scrub]"
_NAME = re.compile(r"[A-Za-z0-9_.*-]*[A-Za-z0-9][A-Za-z0-9_.*-]*")

WORD, BASE64 = "A-Za-z0-9", "A-Za-z0-9_-"


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
        "*api-token",
        "*auth-token",
        "*access-token",
        "*secret*",
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


def scrub_from(table: Mapping[str, object], where: str = "pyproject.toml") -> Scrub:
    """Return what a project scrubs: the defaults and what the parsed table `[tool.deltaproof.scrub]` adds.

    The table's keys are `headers`, `parameters`, `fields` and `patterns`, each a list of texts.
    Raises `DeltaproofError` for anything else, with the key and the reason; `where` names the file.
    """
    known = {field.name for field in fields(Scrub)} - {"shapes"}
    added: dict[str, tuple[str, ...]] = {}
    for key, value in table.items():
        place = f"{where}: {_TABLE} {key}"
        if key not in known:
            raise DeltaproofError("there is no such key", where=place, hint=f"Known are {', '.join(sorted(known))}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise DeltaproofError("it is no list of texts", where=place, hint=f'Write `{key} = ["…"]`')
        for one in value:
            _check(key, one, place)
        added[key] = tuple(value)
    default = Scrub()
    return replace(
        default,
        headers=default.headers + added.get("headers", ()),
        parameters=default.parameters + added.get("parameters", ()),
        fields=default.fields + added.get("fields", ()),
        patterns=default.patterns + added.get("patterns", ()),
    )


def _check(key: str, value: str, place: str) -> None:
    """Refuse a name that fits everything or nothing, and a pattern that is none."""
    if key != "patterns":
        if not _NAME.fullmatch(value):
            raise DeltaproofError(
                f"{value!r} is no name",
                where=place,
                hint="Letters, digits, - and _ make a name; * stands for anything, but not alone",
            )
        return
    try:
        pattern = re.compile(value.encode())
    except (re.error, RecursionError, OverflowError) as error:
        raise DeltaproofError(f"{value!r} is no regular expression: {error}", where=place) from error
    if pattern.search(b""):
        raise DeltaproofError(
            f"{value!r} fits nothing at all, and so everything", where=place, hint="Say what a secret has at least"
        )
