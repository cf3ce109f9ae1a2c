"""The same with the commands as a shell runs them: `record` in front of `serve`, and a client in front of both."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.command import COMMAND, deltaproof
from tests.proof.trip import ask, told_in_chunks
from tests.record.rig import kept

CASSETTES = Path(__file__).parents[2] / "cassettes"


@contextmanager
def running(*arguments: str | Path) -> Iterator[int]:
    """Run a command of ours that listens for as long as the block runs, and yield its port; it is to end well."""
    with subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            while "listening on " not in (line := process.stdout.readline()):
                assert line, "it has ended"
            yield int(line.rpartition(":")[2].partition("/")[0])
        except BaseException:
            process.kill()
            raise
        process.terminate()
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said


NAMES = (
    "llama.cpp/hang-up",
    "llama.cpp/custom-tool",
    "llama.cpp/arguments-50-kb",
    "litellm/refuse-unknown-model",
    "transformers/two-calls-one-tool",
    "empower/empower-weather",
)


def test_serve_and_record_give_cassettes_back(tmp_path: Path) -> None:
    """Each under the name of its scenario; all is served, none of it twice, and no new one holds a secret."""
    paths = [CASSETTES / f"{name}.yaml" for name in NAMES]
    before = {path.stem: kept(path.parent, path.stem) for path in paths}
    with (
        running("serve", *paths, "--strict") as upstream,
        running(
            "record", "--upstream", f"http://127.0.0.1:{upstream}/v1", "--out", tmp_path, "--fail-on=never"
        ) as port,
    ):
        for exchange in itertools.chain.from_iterable(before.values()):
            asyncio.run(asyncio.wait_for(ask(port, exchange), 60))
    after = {path.stem: kept(tmp_path, path.stem) for path in tmp_path.iterdir()}
    assert {name: list(map(told_in_chunks, found)) for name, found in after.items()} == {
        name: list(map(told_in_chunks, exchanges)) for name, exchanges in before.items()
    }
    assert deltaproof("check", "--secrets", ".", cwd=tmp_path) == (0, "", "")
