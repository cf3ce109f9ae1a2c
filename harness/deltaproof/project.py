"""What a project says once for all runs: the table `[tool.deltaproof]` of its `pyproject.toml`.

[tool.deltaproof]
profile = "openai-strict"       # for every verb, and for the pytest plugin
provider = "groq"
fail-on = "warning"             # for `check`, `run`, `record` and the plugin
upstream = "https://api.groq.com/openai/v1"
api-key-env = "GROQ_API_KEY"
record = "none"                 # the rest for the plugin: see deltaproof/plugin/settings.py
strict = true
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deltaproof.errors import DeltaproofError

FILE, TABLE = "pyproject.toml", "[tool.deltaproof]"

KEYS = (
    "profile",
    "provider",
    "fail-on",
    "upstream",
    "api-key-env",
    "record",
    "strict",
    "cassettes",
    "baseline",
    "check-cassettes",
)
"""The keys that the table may have, besides the table `scrub` in it."""

SCRUB = "scrub"


def project_table(folder: Path) -> Mapping[str, object]:
    """Return the table of the project in a folder; empty where there is no `pyproject.toml`, or none in it.

    Raises:
        DeltaproofError: the file cannot be read, what is there is no table, or a key is unknown.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DeltaproofError(f"it cannot be read: {error.strerror or error}", where=str(path)) from error
    if b"deltaproof" not in content:
        return {}
    import tomllib  # which compiles patterns: a project without the table does not wait for them

    try:
        document: object = tomllib.loads(content.decode())
    except ValueError as error:
        raise DeltaproofError(f"not valid TOML: {error}", where=str(path)) from error
    match document:
        case {"tool": {"deltaproof": dict(table)}}:
            for key in table:
                if key not in (*KEYS, SCRUB):
                    hint = f"Known are {', '.join(sorted(KEYS))} and the table {SCRUB}"
                    raise DeltaproofError("there is no such key", where=f"{path}: {TABLE} {key}", hint=hint)
            return table
        case {"tool": {"deltaproof": _}}:
            raise DeltaproofError(f"{TABLE} is no table", where=str(path))
        case _:
            return {}


def text_in(table: Mapping[str, object], key: str, folder: Path) -> str:
    """Return a key's text, "true" or "false" for a truth value, nothing where the key is not there.

    Raises:
        DeltaproofError: it is neither.
    """
    match table.get(key, ""):
        case bool() as told:
            return str(told).lower()
        case str() as told:
            return told
        case _:
            raise DeltaproofError("it is no text", where=f"{folder / FILE}: {TABLE} {key}")
