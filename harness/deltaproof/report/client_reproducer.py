"""A recording as a test that a client fails for as long as it makes something else of it. Runs no client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from deltaproof.accumulate.outcome import Ruling
from deltaproof.exchange import End, Exchange
from deltaproof.report.python_text import constants_of, is_told_by_constants, literal

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Folded:
    """Who folded a recording, and what came of it.

    Attributes:
        accumulator, persistent, limit: as of `replay_into`.
        label: its name, with the version where that is known; empty for a command.
        folder: the way from the test to where a command was run; empty for a name.
    """

    accumulator: str
    persistent: bool
    limit: float
    label: str
    folder: str
    ruling: Ruling


def told_by_itself(exchange: Exchange) -> Iterator[Exchange]:
    """Yield what a test can hold of an exchange without a file beside it, the shortest first; nothing if too much.

    Whether a client makes the same of it has to be seen: what it does not hold is when each read came, and the headers.
    """
    if exchange.reads or not is_told_by_constants(exchange):
        return
    bare = Exchange(exchange.source, exchange.body, request=exchange.request, end=exchange.end)
    yield bare
    if exchange.head is not None:
        yield replace(bare, head=exchange.head)


def client_test_text(exchange: Exchange, folded: Folded, cassette: str) -> str:
    """Return a test of a client; it reads `cassette` beside it, or has all in itself where that is empty."""
    constants = [] if cassette else constants_of(exchange)
    source = f"Path(__file__).with_name({literal(cassette)})" if cassette else "BODY"
    arguments = ["ACCUMULATOR", source]
    arguments += [f"{name.lower()}={name}" for name in ("REQUEST", "HEADERS") if _has(constants, name)]
    if not cassette and exchange.end is not End.EOF:
        arguments.append(f'end="{exchange.end}"')
    if folded.persistent:
        arguments.append("persistent=True")
    arguments.append(f"limit={folded.limit:g}")
    fixture = "monkeypatch: pytest.MonkeyPatch" if folded.folder else ""
    needs_path = cassette or folded.folder
    lines = [
        f'"""What {folded.label or "a command"} makes wrong of a stream that `deltaproof shrink` made small.',
        "",
        *wrap(
            "The test fails for as long as the client is wrong, and passes once it is right. To keep it until then,"
            " mark it with pytest.mark.xfail(strict=True).",
            _WIDTH,
        ),
        '"""',
        "",
        *(["from pathlib import Path", ""] if needs_path else []),
        *(["import pytest"] if folded.folder else []),
        "from deltaproof import replay_into",
        "",
        f"ACCUMULATOR = {literal(folded.accumulator)}",
        *(line for constant in constants for line in constant.splitlines()),
        "",
        "",
        f"def test_{_word(folded)}_is_right({fixture}) -> None:",
        *_docstring(folded.ruling),
        *([f"    monkeypatch.chdir({_folder(folded.folder)})"] if folded.folder else []),
        f"    ruling = replay_into({', '.join(arguments)})",
        '    assert ruling.outcome in ("right", "raised"), ruling.reason',
        "",
    ]
    return "\n".join(lines)


def _has(constants: Sequence[str], name: str) -> bool:
    return any(constant.startswith(f"{name} =") for constant in constants)


def _docstring(ruling: Ruling) -> list[str]:
    """Say what came of it, in lines of a docstring."""
    lines = wrap(f"It was {ruling.kind}: {_plain(ruling.reason)}.", _WIDTH, break_on_hyphens=False)
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}" for line in lines[1:]), '    """']


def _plain(text: str) -> str:
    """Return a text that stands in a docstring as it is."""
    return ascii(text)[1:-1].replace("\\'", "'").replace('"""', "'''") if _needs_care(text) else text


def _needs_care(text: str) -> bool:
    return "\\" in text or '"""' in text or not text.isprintable()


def _folder(folder: str) -> str:
    return "Path(__file__).parent" if folder == "." else f"Path(__file__).parent / {literal(folder)}"


def _word(folded: Folded) -> str:
    """Return what to call a client in a function's name."""
    return "the_client" if folded.folder else re.sub(r"[^a-z0-9]+", "_", folded.accumulator.lower()).strip("_")
