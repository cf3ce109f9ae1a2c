"""Where the cassette of a test is, and what to call it. Opens nothing.

<folder of the test's file>/cassettes/<module's stem>/<name of the test>.yaml

That is where pytest-recording has its own; `cassettes` can be set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import pytest

from deltaproof.cassette.paths import named
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.plugin.settings import CASSETTES, text_of

SUFFIX = ".yaml"

_FORBIDDEN = r"<>?%*:|\"'/\\"  # in a file's name, as pytest-recording has it
_LONGEST = 200  # bytes of a name, of which file systems take 255


def module_folder(node: pytest.Item) -> Path:
    """Return the folder of the cassettes of a test's module."""
    return node.path.parent / text_of(node.config, CASSETTES) / node.path.stem


def cassette_of(test: pytest.Item, marked: str, name: str) -> Path:
    """Return the path of a test's cassette: as its mark has it, or by its name, which may be without a parameter."""
    path = module_folder(test) / (marked or cassette_name(getattr(test, "cls", None), name))
    return Path(os.path.normpath(path))  # the folder that ".." leads out of need not be there


def cassette_name(owner: type | None, test: str) -> str:
    """Return the file's name for a test of a class, or of none: its own name, with what no file's can have replaced."""
    name = f"{owner.__name__}.{test}" if owner else test
    name = "".join("-" if character in _FORBIDDEN else character for character in name)
    if len(content := name.encode(errors="replace")) > _LONGEST:
        mark = blake2b(content, digest_size=4).hexdigest()
        name = f"{content[:_LONGEST].decode(errors='ignore')}-{mark}"
    return name + SUFFIX


@dataclass(frozen=True, slots=True)
class Names:
    """What to call files: by their paths from the folder that pytest was started in, where they are in there."""

    folder: Path

    def path(self, path: Path) -> str:
        """Return a path as a person names it."""
        relative = os.path.relpath(path, self.folder)
        return named(path if relative.startswith(os.pardir) else Path(relative))

    def error(self, error: DeltaproofError) -> str:
        """Return an error in one line, with the file that it is about as a person names it."""
        return str(error).removeprefix(f"{named(self.folder)}{os.sep}")

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange with its source as a person names it."""
        return replace(exchange, source=self.path(Path(exchange.source)))
