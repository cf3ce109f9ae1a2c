"""Facts about what still looks like a secret: it is named by file, line and kind, and never shown."""

from __future__ import annotations

import base64
import gzip
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deltaproof.cassette import write_cassette
from deltaproof.cassette.journal import Journal
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.cassette.scrub_table import project_scrub, scrub_from
from deltaproof.cassette.secrets import Leak, leaks
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import End, Exchange, Head, Read
from tests.cassette.recorded import PROVENANCE
from tests.cassette.sessions import BODY, HEAD, OWN_ENTRY, URL
from tests.cli.command import deltaproof

ROOT = Path(__file__).parents[2]
KEY = "sk-hush-0123456789abcdef"

SEEDED = {
    "bearer": "hush-bearer-1",
    "cookie": "hush-cookie-2",
    "organisation": "hush-organisation-3",
    "parameter": "hush+parameter/4",
    "user": "hush-password-5",
    "field": "hush-field-6",
    "set": "hush-set-cookie-7",
}
FULL = Exchange(
    source="-",
    method="POST",
    url=f"https://me:{SEEDED['user']}@x.example/v1/chat/completions?key=hush%2Bparameter%2F4&n=1",
    sent=f'{{"model":"tiny","api_key":"{SEEDED["field"]}","user":"{SEEDED["cookie"]}"}}'.encode(),
    request={"model": "tiny", "api_key": SEEDED["field"], "user": SEEDED["cookie"]},
    sent_headers=(
        ("Authorization", f"Bearer {SEEDED['bearer']}"),
        ("Cookie", f"a=1; sid={SEEDED['cookie']}"),
        ("OpenAI-Organization", SEEDED["organisation"]),
        ("X-Echo", f"<{SEEDED['bearer']}>"),
    ),
    head=Head(200, (("Set-Cookie", f"sid={SEEDED['set']}; Path=/"), ("X-Org", SEEDED["organisation"]))),
    body="".join(f'data: {{"content":"it is {secret}"}}\n\n' for secret in SEEDED.values()).encode(),
    provenance={"server": f"at {SEEDED['user']}"},
)


def test_no_secret_of_an_exchange_survives_anywhere_in_it(tmp_path: Path) -> None:
    """What stood in a secret place is gone from every other: bodies, URL, headers, provenance; sizes stay."""
    write_cassette(tmp_path / "a.yaml", [FULL], provenance=PROVENANCE)
    with Journal(tmp_path) as journal:
        page = journal.open("b", FULL, FULL.provenance)
        assert FULL.head is not None
        page.head(FULL.head)
        for at in range(0, len(FULL.body), 5):
            page.read(at / 1000, FULL.body[at : at + 5])
        (file,) = (tmp_path / ".journal").iterdir()
        assert b"hush" not in file.read_bytes()
        page.close(End.EOF)
    for name in ("a.yaml", "b.yaml"):
        assert b"hush" not in (tmp_path / name).read_bytes()
    clean = Cleaner().exchange(FULL)
    assert (len(clean.body), len(clean.sent)) == (len(FULL.body), len(FULL.sent))
    assert clean.url == "https://SCRUBBED@x.example/v1/chat/completions?key=SCRUBBED&n=1"
    assert clean.sent_headers[-1] == ("X-Echo", f"<{'*' * len(SEEDED['bearer'])}>")
    assert Cleaner().exchange(clean) == clean
    assert list(leaks(tmp_path)) == []


@pytest.mark.parametrize("said", ["REDACTED", "assistant", "short"])
def test_what_stands_in_a_secrets_place_is_not_looked_for(said: str) -> None:
    """What another tool wrote there, a word of every body, or what is too short for a key: all else stays as it is."""
    asked = replace(OWN_ENTRY, sent_headers=(("authorization", f"Bearer {said}"),), body=f"data: {said}\n\n".encode())
    assert Cleaner().exchange(asked).body == asked.body


@pytest.mark.parametrize("end", [End.EOF, End.CUT])
def test_a_compressed_body_with_a_secret_is_kept_decoded(end: End) -> None:
    """Its head then tells no encoding, and its length, with what was still to come of one that was cut."""
    body = BODY + f"data: {KEY}\n\n".encode()
    packed = gzip.compress(body, mtime=0)
    told = len(packed) + (10 if end is End.CUT else 0)
    head = Head(200, (("Content-Length", str(told)), ("content-encoding", "gzip"), ("x", "1")))
    reads = (Read(0.1, 5), Read(0.2, 5), Read(0.3, len(packed) - 10))
    clean = Cleaner().exchange(replace(OWN_ENTRY, body=packed, head=head, reads=reads, end=end))
    assert clean.body == body.replace(KEY.encode(), b"*" * len(KEY))
    length = len(body) + (10 if end is End.CUT else 0)
    assert clean.head == Head(200, (("Content-Length", str(length)), ("x", "1")))
    assert sum(read.size for read in clean.reads) == len(body)
    assert all(read.size for read in clean.reads)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.sse", f"data: {{}}\n\ndata: {KEY}\n", ["3: a key that begins with sk-"]),
        ("a.headers", "HTTP/1.1 200 OK\nSet-Cookie: sid=1234567890\n", ["2: the value of the header Set-Cookie"]),
        ("a.headers", "HTTP/1.1 200 OK\nSet-Cookie: SCRUBBED\n", []),
        (
            "a.yaml",
            "    authorization:\n    - Bearer hush\n    - SCRUBBED\n",
            ["2: the value of the header authorization"],
        ),
        ("a.yaml", "    uri: https://x.example/?api_key=hush&n=1\n", ["1: the value of the parameter api_key"]),
        ("a.yaml", "    uri: https://x.example/?api_key=SCRUBBED&n=1\n", []),
        ("a.yaml", "    uri: https://me:hush@x.example/\n", ["1: a user and a password in a URL"]),
        (
            "a.json",
            '{"password": "hush", "api_key": "********", "secret_key": "<redacted>"}',
            ["1: the value of the field password"],
        ),
        ("a.json", '{"max_tokens": 5, "token": "Hello"}', []),
    ],
)
def test_what_looks_like_a_secret_is_named_by_line_and_kind(
    name: str, text: str, expected: list[str], tmp_path: Path
) -> None:
    """In any file, recording or not; what was scrubbed, by us or by others, is none."""
    path = tmp_path / name
    path.write_text(text)
    found = [str(leak) for leak in leaks(path)]
    assert found == [f"{path}:{one}" for one in expected]
    assert "hush" not in "".join(found)


def vcrpy(body: bytes, headers: Mapping[str, list[str]]) -> str:
    """Return a cassette of plain vcrpy."""
    request: dict[str, object] = {"method": "POST", "uri": URL, "body": None, "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": dict(headers), "body": {"string": body}}
    return yaml.safe_dump({"interactions": [{"request": request, "response": response}], "version": 1})


def test_a_secret_that_the_text_does_not_show_is_found_too(tmp_path: Path) -> None:
    """Compressed or in base64, folded by another tool, and where a decoder is missing nobody can tell."""
    body = f"data: {{}}\n\ndata: {KEY}\n\n".encode()
    path = tmp_path / "a.yaml"
    path.write_text(vcrpy(gzip.compress(body, mtime=0), {"content-encoding": ["gzip"]}))
    assert [str(leak) for leak in leaks(path)] == [f"{path}: a key that begins with sk-, in entry 0"]
    path.write_text(vcrpy(b"\xff" + body, {}))
    assert base64.b64encode(KEY.encode()[:9]) not in path.read_bytes()
    assert [leak.what for leak in leaks(path) if isinstance(leak, Leak)] == ["a key that begins with sk-, in entry 0"]
    path.write_text(vcrpy(b"\xff\xfe\x01\x02", {"content-encoding": ["zstd"]}))
    assert [leak.what for leak in leaks(path) if isinstance(leak, Leak)] == [
        "a zstd-encoded body, for which no decoder is installed: nobody can tell, in entry 0"
    ]


def test_what_cannot_be_read_is_not_vouched_for(tmp_path: Path) -> None:
    """A path that is not there is an error; links are not followed, hidden files are looked at."""
    (found,) = leaks(tmp_path / "none.yaml")
    assert isinstance(found, UnreadableError)
    (tmp_path / "in").mkdir()
    (tmp_path / "out.yaml").write_text(KEY)
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "out.yaml")
    (tmp_path / "in" / ".hidden").write_text(KEY)
    assert [leak.path.name for leak in leaks(tmp_path / "in") if isinstance(leak, Leak)] == [".hidden"]


def test_the_command_refuses_what_looks_leaky(tmp_path: Path) -> None:
    """A line for each, and exit code 1; 0 for a clean cassette; 2 for what cannot be read."""
    write_cassette(tmp_path / "clean.yaml", [OWN_ENTRY], provenance=PROVENANCE)
    (tmp_path / "leaky.sse").write_text(f"data: {KEY}\n")
    assert deltaproof("check", "--secrets", "clean.yaml", cwd=tmp_path) == (0, "", "")
    assert deltaproof("check", "--secrets", ".", cwd=tmp_path) == (
        1,
        "leaky.sse:1: a key that begins with sk-\n1 secret is left: record anew, or put SCRUBBED there\n",
        "",
    )
    ran = deltaproof("check", "--secrets", "none", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    (tmp_path / "pyproject.toml").write_text('[tool.deltaproof.scrub]\npatterns = ["tiny"]\n')
    ran = deltaproof("check", "--secrets", "clean.yaml", cwd=tmp_path)
    assert (ran.code, ran.out.splitlines()[0].partition(": ")[2]) == (1, "what fits the project's pattern 1")


def test_the_command_looks_into_standard_input(tmp_path: Path) -> None:
    """Line by line as into a file, and into the entries of a cassette; nothing there is nothing to refuse."""
    leaky = deltaproof("check", "--secrets", "-", cwd=tmp_path, stdin=f"data: {KEY}\n".encode())
    assert leaky == (
        1,
        "-:1: a key that begins with sk-\n1 secret is left: record anew, or put SCRUBBED there\n",
        "",
    )
    packed = gzip.compress(f"data: {KEY}\n\n".encode())
    inside = vcrpy(packed, {"content-encoding": ["gzip"]}).encode()
    told = deltaproof("check", "--secrets", "-", cwd=tmp_path, stdin=inside).out.splitlines()
    assert told[0] == "-: a key that begins with sk-, in entry 0"
    write_cassette(tmp_path / "clean.yaml", [OWN_ENTRY], provenance=PROVENANCE)
    clean = (tmp_path / "clean.yaml").read_bytes()
    assert deltaproof("check", "--secrets", "-", cwd=tmp_path, stdin=clean) == (0, "", "")
    assert deltaproof("check", "--secrets", "-", cwd=tmp_path) == (0, "", "")


def test_the_pre_commit_hook_runs_the_command(tmp_path: Path) -> None:
    """Its entry with the files that it is for refuses a leaky one and lets a clean one pass."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language", "files"} <= set(hook)
    assert hook["language"] == "python"
    names = ["a.sse", "a.headers", "a.yaml", "a.request.json", "a.har", "a.jsonl"]
    assert all(re.search(hook["files"], f"cassettes/x/{name}") for name in names)
    assert not re.search(hook["files"], "src/a.py")
    write_cassette(tmp_path / "clean.yaml", [OWN_ENTRY], provenance=PROVENANCE)
    (tmp_path / "a.headers").write_text("HTTP/1.1 200 OK\ncookie: 0123456789\n")
    program, *arguments = shlex.split(hook["entry"])
    assert program == "deltaproof"
    assert deltaproof(*arguments, "clean.yaml", cwd=tmp_path).code == 0
    assert deltaproof(*arguments, "clean.yaml", "a.headers", cwd=tmp_path).code == 1


def test_a_project_adds_to_what_is_scrubbed(tmp_path: Path) -> None:
    """Headers, parameters, fields and patterns; what always is stays."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.deltaproof.scrub]\nheaders = ["x-corp-*"]\nparameters = ["session"]\n'
        'fields = ["customer_id"]\npatterns = ["corp-[0-9]{4}"]\n'
    )
    cleaner = Cleaner(project_scrub(tmp_path))
    clean = cleaner.exchange(
        replace(
            OWN_ENTRY,
            url="https://x.example/?session=1&key=2&n=3",
            sent=b'{"customerId":"me","password":"hush","n":1}',
            sent_headers=(("X-Corp-User", "me"), ("cookie", "a=b")),
            body=b"data: corp-1234 corp-x\n\n",
            head=HEAD,
        )
    )
    assert clean.url == "https://x.example/?session=SCRUBBED&key=SCRUBBED&n=3"
    assert clean.sent == b'{"customerId":"**","password":"****","n":1}'
    assert clean.sent_headers == (("X-Corp-User", "SCRUBBED"), ("cookie", "SCRUBBED"))
    assert clean.body == b"data: ********* corp-x\n\n"
    assert project_scrub(tmp_path / "none") == Scrub()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"header": ["x"]}, "header: there is no such key. Known are fields, headers, parameters, patterns"),
        ({"headers": "x"}, 'headers: it is no list of texts. Write `headers = ["…"]`'),
        ({"fields": [1]}, 'fields: it is no list of texts. Write `fields = ["…"]`'),
        (
            {"headers": ["*"]},
            "headers: '*' is no name. Letters, digits, - and _ make a name; * stands for anything, but not alone",
        ),
        (
            {"patterns": ["("]},
            "patterns: '(' is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        ({"patterns": ["a*"]}, "patterns: 'a*' fits nothing at all, and so everything. Say what a secret has at least"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_key(table: Mapping[str, object], said: str) -> None:
    """Nothing is guessed: who thinks that something is scrubbed must be right."""
    with pytest.raises(DeltaproofError) as caught:
        scrub_from(table)
    assert str(caught.value) == f"pyproject.toml: [tool.deltaproof.scrub] {said}"


def test_a_project_file_that_is_broken_is_told(tmp_path: Path) -> None:
    """It may have had a table."""
    (tmp_path / "pyproject.toml").write_text("[tool.deltaproof\n")
    with pytest.raises(DeltaproofError, match="not valid TOML"):
        project_scrub(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.deltaproof]\nscrub = 1\n")
    with pytest.raises(DeltaproofError, match="is no table"):
        project_scrub(tmp_path)
