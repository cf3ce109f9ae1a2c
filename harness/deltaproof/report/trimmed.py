"""A text stream whose lines lose the blanks at their ends, which tables are filled up with. Knows no report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TextIO

_BLANKS = re.compile(r" +(?=\n)")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """As much of a text stream as rich writes to; what is written at once ends with a line."""

    stream: TextIO

    @property
    def encoding(self) -> str:
        """The encoding of the stream."""
        return self.stream.encoding

    def write(self, text: str) -> int:
        """Write lines without the blanks at their ends."""
        self.stream.write(_BLANKS.sub("", text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Tell whether the stream is a terminal."""
        return self.stream.isatty()
