"""A matrix of streams and accumulators as a page: Markdown, or HTML without scripts and links. Judges nothing."""

from __future__ import annotations

import re
from html import escape
from importlib.metadata import version

from deltaproof.accumulate.matrix import Column, Matrix
from deltaproof.accumulate.outcome import Outcome
from deltaproof.report.matrix import LOOKS, remarks
from deltaproof.report.visible import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")
_EXAMPLES = 5


def matrix_markdown(matrix: Matrix) -> str:
    """Return a matrix as Markdown: how often each outcome came, every stream's outcomes, and examples of why.

    There are no times in it, so that it is the same again where nothing else is.
    """
    columns = matrix.ran
    lines = [
        "# What client code makes of recorded streams",
        "",
        f"{_size(matrix)}, by deltaproof {version('deltaproof')}.",
        "[Accumulators](accumulators.md) says what the outcomes mean, and how a client takes part.",
        "",
        "| mark | outcome | means |",
        "| --- | --- | --- |",
        *(f"| {look.mark} | {outcome} | {look.means} |" for outcome, look in LOOKS.items()),
        "",
        "## How often",
        "",
    ]
    seen = [outcome for outcome in LOOKS if matrix.outcomes[outcome] or outcome.is_as_it_should]
    lines.append("| accumulator | version | " + " | ".join(outcome.value for outcome in seen) + " |")
    lines.append("| --- | --- |" + " ---: |" * len(seen))
    for column in columns:
        counts = matrix.counts(column.name)
        numbers = " | ".join(f"{counts[outcome]:,}" if counts[outcome] else "" for outcome in seen)
        lines.append(f"| {_markdown(column.name)} | {_markdown(column.version)} | {numbers} |")
    lines += ["", *(f"- {_markdown(column.name)}: {_markdown(column.title)}" for column in columns if column.title)]
    lines += [f"- {_markdown(one.name)} did not run: {_markdown(one.skipped)}" for one in matrix.columns if one.skipped]
    lines += [f"- {_markdown(told)}" for told in remarks(matrix)]
    lines += ["", "## Every stream", ""]
    lines.append("| stream | " + " | ".join(_markdown(column.name) for column in columns) + " |")
    lines.append("| --- |" + " :---: |" * len(columns))
    for stream in matrix.streams:
        marks = " | ".join(LOOKS[matrix.cells[stream, column.name].outcome].mark for column in columns)
        lines.append(f"| {_markdown(stream)} | {marks} |")
    reasons = [line for column in columns for line in _markdown_reasons(matrix, column)]
    lines += ["", "## Why", "", *reasons] if reasons else []
    return "\n".join(lines).rstrip() + "\n"


def _size(matrix: Matrix) -> str:
    """Say how many streams and accumulators there are."""
    streams = "stream" if len(matrix.streams) == 1 else "streams"
    accumulators = "accumulator" if len(matrix.ran) == 1 else "accumulators"
    return f"{len(matrix.streams):,} {streams} in {len(matrix.ran)} {accumulators}"


def _markdown_reasons(matrix: Matrix, column: Column) -> list[str]:
    lines: list[str] = []
    for outcome in Outcome:
        found = _of(matrix, column, outcome)
        if not found or outcome.is_as_it_should:
            continue
        lines.append(f"- {LOOKS[outcome].mark} {outcome}, {len(found):,}")
        lines += [f"  - {_markdown(stream)}: {_markdown(reason)}" for stream, reason in found[:_EXAMPLES]]
        if len(found) > _EXAMPLES:
            lines.append(f"  - and {len(found) - _EXAMPLES} more")
    return [f"### {_markdown(column.label)}", "", *lines, ""] if lines else []


def _of(matrix: Matrix, column: Column, outcome: Outcome) -> list[tuple[str, str]]:
    return [
        (stream, cell.reason)
        for stream in matrix.streams
        if (cell := matrix.cells[stream, column.name]).outcome is outcome
    ]


def _markdown(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", visible(text))


_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --dim: #59636e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --dim: #9198a1; } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { color: var(--dim); margin: .2rem 0 1rem; max-width: 60rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; }
thead th { position: sticky; top: 0; background: Canvas; font-weight: 600; vertical-align: bottom; }
thead small { display: block; font-weight: normal; color: var(--dim); }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.c { text-align: center; cursor: help; min-width: 2.2rem; }
tbody th { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
.good { color: #1a7f37; } .mild { background: #54aeff33; } .warn { background: #d4a72c40; }
.bad { background: #ff818260; } .worst { background: #cf222e; color: #fff; font-weight: 700; }
details { margin: .3rem 0; } summary { cursor: pointer; } li { overflow-wrap: anywhere; }
.key { display: inline-block; min-width: 1.5rem; text-align: center; border-radius: 3px; margin-right: .4rem; }
"""

_CLASSES = {
    Outcome.RIGHT: "good",
    Outcome.RAISED: "good",
    Outcome.EXECUTABLE: "worst",
    Outcome.SWALLOWED: "bad",
    Outcome.UNUSABLE: "bad",
    Outcome.LOST: "bad",
    Outcome.NO_ANSWER: "warn",
    Outcome.ERROR: "warn",
    Outcome.IDS_LOST: "mild",
    Outcome.FINISH_LOST: "mild",
}


def matrix_html(matrix: Matrix) -> str:
    """Return a matrix as one HTML page that needs nothing else; a cell tells its reason when it is pointed at."""
    reasons = [line for column in matrix.ran for line in _html_reasons(matrix, column)]
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>Streams and accumulators</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        "<h1>What client code makes of recorded streams</h1>",
        f"<p>{_size(matrix)}, by deltaproof {version('deltaproof')}.",
        "Point at a cell to read why.</p>",
        "<p>" + " ".join(_key(outcome) for outcome in LOOKS) + "</p>",
        *_html_counts(matrix),
        *_html_streams(matrix),
        *(["<h2>Why</h2>", *reasons] if reasons else []),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _key(outcome: Outcome) -> str:
    look = LOOKS[outcome]
    key = f'<span class="key {_CLASSES[outcome]}">{look.mark}</span>'
    return f"<span>{key}{outcome}: {escape(look.means)}</span>&emsp;"


def _html_counts(matrix: Matrix) -> list[str]:
    seen = [outcome for outcome in LOOKS if matrix.outcomes[outcome] or outcome.is_as_it_should]
    heads = "".join(f"<th>{LOOKS[outcome].mark} {outcome}</th>" for outcome in seen)
    lines = ["<h2>How often</h2>", f"<table><thead><tr><th>accumulator</th><th>version</th>{heads}</tr></thead><tbody>"]
    for column in matrix.ran:
        counts = matrix.counts(column.name)
        cells = "".join(
            f'<td class="n {_CLASSES[outcome]}">{counts[outcome]:,}</td>' if counts[outcome] else "<td></td>"
            for outcome in seen
        )
        title = f' title="{_html(column.title)}"' if column.title else ""
        lines.append(f"<tr><th{title}>{_html(column.name)}</th><td>{_html(column.version)}</td>{cells}</tr>")
    lines.append("</tbody></table>")
    lines += [f"<p>{_html(one.name)} did not run: {_html(one.skipped)}</p>" for one in matrix.columns if one.skipped]
    lines += [f"<p>{_html(told)}</p>" for told in remarks(matrix)]
    return lines


def _html_streams(matrix: Matrix) -> list[str]:
    heads = "".join(f"<th>{_html(one.name)}<small>{_html(one.version)}</small></th>" for one in matrix.ran)
    lines = ["<h2>Every stream</h2>", f"<table><thead><tr><th>stream</th>{heads}</tr></thead><tbody>"]
    for stream in matrix.streams:
        cells = [matrix.cells[stream, column.name] for column in matrix.ran]
        shown = "".join(
            f'<td class="c {_CLASSES[cell.outcome]}" title="{cell.outcome}: {_html(cell.reason)}">'
            f"{LOOKS[cell.outcome].mark}</td>"
            for cell in cells
        )
        lines.append(f"<tr><th>{_html(stream)}</th>{shown}</tr>")
    return [*lines, "</tbody></table>"]


def _html_reasons(matrix: Matrix, column: Column) -> list[str]:
    lines: list[str] = []
    for outcome in Outcome:
        found = _of(matrix, column, outcome)
        if not found or outcome.is_as_it_should:
            continue
        shown = "".join(f"<li>{_html(stream)}: {_html(reason)}</li>" for stream, reason in found)
        key = f'<span class="key {_CLASSES[outcome]}">{LOOKS[outcome].mark}</span>'
        title = f"{key}{_html(column.label)}: {outcome}, {len(found):,}"
        lines.append(f"<details><summary>{title}</summary><ul>{shown}</ul></details>")
    return lines


def _html(text: str) -> str:
    return escape(visible(text), quote=True)
