"""`deltaproof check`: judges recorded streams."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from deltaproof.checking import Report, check_paths
from deltaproof.cli.options import exit_code, judging_options, named_profile
from deltaproof.cli.waiting import waiting_told
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Fidelity


@click.command(short_help="Judge recorded streams.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option(
    "--request",
    "request_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The JSON body of the request, where a recording does not hold it.",
)
@click.option(
    "--fidelity",
    type=click.Choice([word.value for word in Fidelity]),
    help="How much of the original bytes the recordings keep, where you know better than they do: raw as sent,"
    " normalised with JSON written anew and ids redacted, reconstructed from parsed chunks.",
)
@click.option(
    "--secrets",
    is_flag=True,
    help="Judge nothing; look for secrets that are left in any files, and refuse them. The rest of the options then"
    " says nothing.",
)
@judging_options
def check(  # noqa: PLR0913 - one for each option
    paths: tuple[str, ...],
    *,
    secrets: bool,
    request_file: Path | None,
    fidelity: str | None,
    profile: str,
    provider: str | None,
    form: str,
    output: str,
    fail_on: str,
) -> None:
    """Judge recorded streams: files, folders, or - for standard input.

    Read are raw bodies (NAME.sse, with NAME.request.json and NAME.headers beside it), what `curl -i` prints, cassettes
    of deltaproof, vcrpy, go-vcr, ruby-vcr and httpmock, HAR files, and JSON lines of chunks.

    \b
        curl -N … | deltaproof check -
        deltaproof check <(curl -N …)
        deltaproof check recordings/ --profile openai-strict
        deltaproof check --secrets recordings/
    """  # noqa: D301 - click takes the control character as its mark
    if secrets:
        from deltaproof.cli.leaks import look_for_secrets

        with waiting_told(paths):
            code = look_for_secrets(paths)
        sys.exit(code)
    named_profile(profile, provider)
    with waiting_told(paths):
        report = check_paths(
            [Path(path) for path in paths],
            profile=profile,
            provider=provider,
            request=_request(request_file),
            fidelity=Fidelity(fidelity) if fidelity else None,
            standard_input=sys.stdin.buffer.read() if "-" in paths else None,
        )
    write_report(report, form, output)
    sys.exit(exit_code(report, fail_on))


def write_report(report: Report, form: str, output: str) -> None:
    """Write a report in one of its forms to a file, or to standard output for "-"."""
    with click.open_file(output, "w", encoding="utf-8") as stream:
        if form == "json":
            from deltaproof.report.json_report import document, json_text

            stream.write(json_text(document(report)))
        else:
            from deltaproof.report.terminal import console_for, print_report

            print_report(report, console_for(stream))  # type: ignore[arg-type]  # click types it as IO[Any]


def _request(path: Path | None) -> Mapping[str, object] | None:
    if path is None:
        return None
    try:
        request = json.loads(path.read_bytes())
    except ValueError as error:
        raise DeltaproofError(f"the request is no JSON: {error}", where=str(path)) from None
    if not isinstance(request, dict):
        raise DeltaproofError("the request is no JSON object", where=str(path))
    return request
