"""What tests of the journal ask for, what is kept of it, and a recorder that is killed. No tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from deltaproof.cassette import read_kept
from deltaproof.exchange import Exchange
from tests.cassette.sessions import BODY, HEAD, URL
from tests.cassette.valid import validate

SENT = b'{"model":"tiny","stream":true}'
ASKED = Exchange(
    source="",
    body=b"",
    method="POST",
    url=URL,
    sent=SENT,
    sent_headers=(("Content-Type", "application/json"), ("Authorization", "Bearer sk-hush-hush-hush-1")),
    scenario="greeting",
)
KEPT = replace(
    ASKED,
    request={"model": "tiny", "stream": True},
    sent_headers=(("Content-Type", "application/json"), ("Authorization", "SCRUBBED")),
    head=HEAD,
    body=BODY,
)


def kept(path: Path) -> list[Exchange]:
    """Return what is in a cassette, which is valid, without its provenance."""
    validate(path)
    found = list(read_kept(path))
    assert all(isinstance(one, Exchange) for one in found), found
    return [replace(one, provenance={}) for one in found if isinstance(one, Exchange)]


def pages(folder: Path) -> list[Path]:
    """Return the pages that are in a folder's journal."""
    return sorted((folder / ".journal").glob("*"))


RECORDER = """
import os, signal, sys
from pathlib import Path
from deltaproof.cassette.journal import Journal
from tests.cassette.journalled import ASKED, BODY, HEAD
from deltaproof.exchange import End

steps = int(sys.argv[2])
def done(what):
    global steps
    print(what, flush=True)
    steps -= 1
    if not steps:
        os.kill(os.getpid(), signal.SIGKILL)

journal = Journal(Path(sys.argv[1]))
done("begun")
for _ in range(2):
    page = journal.open("greeting", ASKED, {"server": "tiny"})
    done("open")
    page.head(HEAD)
    done("head")
    for start in range(0, len(BODY), 100):
        page.read(start / 100_000, BODY[start : start + 100])
        done("read")
    page.close(End.EOF, 1.0)
    done("closed")
"""
ROOT = Path(__file__).parents[2]


def recorded_until_killed(folder: Path, steps: int) -> list[str]:
    """Run a recorder that is killed after so many steps, which are returned; SIGKILL leaves it no time for anything."""
    command = [sys.executable, "-c", RECORDER, str(folder), str(steps)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert run.returncode == -signal.SIGKILL
    return run.stdout.split()
