"""What a scrubber looks for, as regular expressions, and which kinds of it a text has. Nothing is taken out here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deltaproof.cassette.scrub_rules import Scrub, Shape, is_placeholder

# A key begins where no word goes on; `\n`, `\u0022` and `%20` are none of its. It is said after the key's start, since
# patterns that begin with letters are searched for ten times as fast, and most places are none by their second one.
_APART = (
    r"(?:(?<![A-Za-z0-9]{0})"
    r"|(?<=[nrtA-Fa-f0-9]{0})(?:(?<=\\[nrt]{0})|(?<=\\u[0-9A-Fa-f]{{4}}{0})|(?<=%[0-9A-Fa-f]{{2}}{0})))"
)
_FIELD = r'"{1}(?i:{0})\\*"[ \t]{{0,8}}:[ \t]{{0,8}}(?P<escape>\\*)"'


@dataclass(frozen=True, slots=True)
class Sought:
    """What a scrubber looks for, compiled once: it serves any number of scrubbers.

    `marks` and `field_marks` are what every key and every secret field's name has in it, the latter in small letters.
    `literals` are secrets that are known, looked for to the letter; each exchange has its own.
    """

    whole: re.Pattern[bytes]
    begun: re.Pattern[bytes]
    marks: tuple[bytes, ...]
    field_marks: tuple[bytes, ...]
    starts: tuple[str, ...]
    alphabets: tuple[bytes, ...]
    open_ends: frozenset[int]
    patterns: tuple[re.Pattern[bytes], ...]
    literals: tuple[bytes, ...] = ()

    def may_be_in(self, text: bytes | bytearray) -> bool:
        """Tell whether what shows by itself may be in a text, at a fraction of the cost of looking where."""
        if any(mark in text for mark in self.marks):
            return True
        lower = text.lower()
        return any(mark in lower for mark in self.field_marks)

    def and_literals(self, literals: Iterable[str]) -> Sought:
        """Return the same with more secrets that are known; longer ones are looked for first."""
        known = {*self.literals, *(literal.encode(errors="surrogateescape") for literal in literals)}
        return replace(
            self,
            literals=tuple(sorted(known, key=lambda literal: (-len(literal), literal))),
            open_ends=self.open_ends.union(*known),
        )


def sought(scrub: Scrub) -> Sought:
    """Compile what is to be scrubbed."""
    alternatives = [_whole(shape, f"shape{number}") for number, shape in enumerate(scrub.shapes)]
    if scrub.fields:
        alternatives.append(_FIELD.format("|".join(map(_field, scrub.fields)), _first_letters(scrub.fields)))
    begun = "|".join(map(_begun, scrub.shapes)) or "(?!)"
    alphabets = tuple(map(_alphabet, scrub.shapes))
    return Sought(
        whole=re.compile("|".join(alternatives).encode() or b"(?!)"),
        begun=re.compile(f"(?:{begun})\\Z".encode()),
        marks=tuple(dict.fromkeys(shape.start.encode() for shape in scrub.shapes)),
        field_marks=tuple({max(re.split(r"[_*-]+", name.lower()), key=len).encode() for name in scrub.fields}),
        starts=tuple(shape.start.strip() for shape in scrub.shapes),
        alphabets=alphabets,
        open_ends=frozenset("".join(shape.start for shape in scrub.shapes).encode()).union(*alphabets),
        patterns=tuple(re.compile(pattern.encode()) for pattern in scrub.patterns),
    )


def names_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return what matches any of the names, in which `*` stands for anything."""
    written = "|".join(".*".join(map(re.escape, name.split("*"))) for name in names)
    return re.compile(rf"(?:{written or '(?!)'})\Z", re.IGNORECASE | re.DOTALL)


def kinds(text: bytes, secrets: Sought) -> Iterator[str]:
    """Yield which kinds of secrets are in a text, once for each place; what stands in a secret's place is none."""
    for match in secrets.whole.finditer(text):
        if match.lastgroup == "escape":
            end = text.find(b'"', match.end())
            value = text[match.end() : end if end >= 0 else len(text)].rstrip(b"\\")
            if not is_placeholder(value.decode(errors="replace")):
                name = match[0].decode(errors="replace").split('"')[1].rstrip("\\")
                yield f"the value of the field {name}"
        else:
            yield f"a key that begins with {secrets.starts[int((match.lastgroup or '').removeprefix('shape'))]}"
    for number, pattern in enumerate(secrets.patterns):
        if pattern.search(text):
            yield f"what fits the project's pattern {number + 1}"


def _field(name: str) -> str:
    """Write the regular expression of a field's name, however its words are joined."""
    words = [re.escape(word).replace(r"\*", "[A-Za-z0-9_-]*") for word in re.split("[_-]+", name) if word]
    return "[_-]*".join(words)


def _first_letters(names: Iterable[str]) -> str:
    """Write what looks ahead for the first letters of fields' names: most strings of JSON begin with others."""
    letters = {name.lstrip("_-")[0] for name in names}
    if "*" in letters:
        return ""
    return f"(?=[{''.join(sorted({*map(str.lower, letters), *map(str.upper, letters)}))}])"


def _whole(shape: Shape, name: str) -> str:
    """Write the regular expression of a key."""
    more = rf"(?:\.[{shape.alphabet}]{{4,}}){{{shape.dots},}}" if shape.dots else ""
    return f"{re.escape(shape.start)}{_apart(shape, shape.start)}(?P<{name}>[{shape.alphabet}]{{{shape.least},}}{more})"


def _begun(shape: Shape) -> str:
    """Write the regular expression of what may be the beginning of a key: a part of its start, or too little of it."""
    rest = f"[{_dot(shape)}{shape.alphabet}]*"
    for letter in reversed(shape.start[1:]):
        rest = f"(?:{re.escape(letter)}{rest})?"
    return f"{re.escape(shape.start[0])}{_apart(shape, shape.start[0])}{rest}"


def _apart(shape: Shape, start: str) -> str:
    """Write, to stand after the start of a key, that it begins where no word goes on.

    One with parts begins where no other could: else a million beginnings would each be tried to the end.
    """
    before = re.escape(start)
    return _APART.format(before) + (f"(?<![_-]{before})" if shape.dots else "")


def _dot(shape: Shape) -> str:
    return "." if shape.dots else ""


def _alphabet(shape: Shape) -> bytes:
    """Return the bytes that go on with a key."""
    within = re.compile(f"[{_dot(shape)}{shape.alphabet}]".encode())
    return bytes(byte for byte in range(256) if within.match(bytes([byte])))
