"""What the tiny model says: its tokens, what follows what, and what changes its mind. Knows no weights and no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import chain, pairwise, product

BEGIN, TURN, END = b"<|begin|>", b"<|turn|>", b"<|end|>"
TOOLS, REPLY, CALL, CALL_END = b"<tools>", b"<tool_response>", b"<tool_call>", b"</tool_call>"
NEWLINE, QUOTE = b"\n", b'"'


class Cue(StrEnum):
    """What the model notices anywhere before the next token; the value says what it takes it for."""

    TOOLS = "tools are declared"
    REPLIED = "a tool has replied"
    CALLED = "n calls were made: not yes or no, but n / (n + 1)"
    TWO = "two calls are wanted"
    THREE = "three calls are wanted"
    TALK = "a sentence is wanted before the call"
    CELSIUS = "a unit is wanted, and which"
    ODD = "odd characters are wanted"
    LONG = "10 KB are wanted"
    LONGER = "50 KB are wanted"
    PAGED = "the long text was written"


# Noticed wherever they stand, also within a longer word.
ASKED: Mapping[bytes, Cue] = {
    b" both ": Cue.TWO,
    b" two cities": Cue.TWO,
    b" two tools": Cue.TWO,
    b"Los Ang": Cue.TWO,
    b" three cities": Cue.THREE,
    b" three tools": Cue.THREE,
    b" first ": Cue.TALK,
    b" before ": Cue.TALK,
    b"Celsius": Cue.CELSIUS,
    b"emoji": Cue.ODD,
    b"backslash": Cue.ODD,
    b"10 KB": Cue.LONG,
    b"10,000": Cue.LONG,
    b"hundred words": Cue.LONG,
    b"50 KB": Cue.LONGER,
    b"50,000": Cue.LONGER,
}

# A sentence takes one word of each column. No word leads back, so it ends even at temperature 0.
PROSE = (
    (b"Today", b"Right now", b"This morning"),
    (b" the sky", b" the air", b" the wind"),
    (b" over the bay", b" in the north", b" near the harbour"),
    (b" is", b" stays", b" turns"),
    (b" mild", b" clear", b" calm", b" grey"),
    (b".",),
)
OPENING, STOP = PROSE[0], PROSE[-1][0]

# A call begins with few tokens, so that a small max_tokens ends within its arguments.
FRAME = (CALL, b'{"name":"', b"get_")
WEATHER = (b"c", b"urrent_weather", b'","arguments":')

# Strings, as they stand in JSON. The first, the second and the third call have each its place.
PLACES = (
    (b"San", b" Francisco", b", CA"),
    (b"Los", b" Angeles", b", CA"),
    (b"Par", b"is", b", France"),
)
UNIT = b"celsius"
# Cut within escapes, within characters, and within the tag that ends a call.
ODDITIES = (
    *(b"Say \\", b'"hi\\', b'" at C:\\', b"\\temp\\", b"nthen "),
    *(b"\xe6", b"\x9d\xb1", b"\xe4", b"\xba\xac", b" caf\\u", b"00e9 ", b"\xf0\x9f", b"\x8c\xa7"),
    *(b" </tool", b"_call> end"),
)
# 256 bytes each: llama.cpp parses all it has anew at each token, and 50 KB in small ones would take a minute.
PAGES = tuple(b"%03d: %s\\n" % (page, b"the light turns, the water is quiet, and " * 6 + b"on.") for page in range(200))
FIRST_OF_50_KB, FIRST_OF_10_KB = PAGES[0], PAGES[-40]

MARKS = (BEGIN, TURN, END)
# What the tokenizer finds in a prompt before it cuts the rest into bytes. Pages too, for they come back as history.
NOTICED = (*MARKS, TOOLS, REPLY, CALL, CALL_END, *ASKED, *PAGES)
CUES: Mapping[bytes, Cue] = {
    TOOLS: Cue.TOOLS,
    REPLY: Cue.REPLIED,
    CALL_END: Cue.CALLED,
    PAGES[-1]: Cue.PAGED,
    **ASKED,
}

# The logits where a grammar leaves a choice: rather close than go on, rather go on than open, rather digits than
# letters, and words only where something asks for them.
PUNCTUATION: Mapping[bytes, float] = {QUOTE: 0, b":": 0, b"}": -1, b"]": -1, b",": -2, b"{": -3, b"[": -3, b"-": -10}
DIGITS = [b"%d" % digit for digit in range(10)]
DIGIT, WORD, LETTER, PRINTABLE, NEVER = -8.0, -120.0, -150.0, -350.0, -400.0

# Where the names of tools part, the first call prefers a letter near FIRST_LETTER of the alphabet, and later ones those
# that follow: the logits of letters are a parabola as steep as FAVOUR, and n / (n + 1) moves its top by LETTERS_ON.
LETTERS = [bytes([letter]) for letter in b"abcdefghijklmnopqrstuvwxyz"]
FIRST_LETTER, LETTERS_ON, FAVOUR = 2, 19, 0.3


def vocabulary() -> list[bytes]:
    """Return each token's bytes in the order of their numbers: what is noticed, single bytes, other words."""
    single = [bytes([byte]) for byte in range(256)]
    words = chain(*PROSE, FRAME, WEATHER, *PLACES, [UNIT], ODDITIES)
    return list(dict.fromkeys([*NOTICED, *single, *words]))


def liking(token: bytes) -> float:
    """Return the logit of a token where nothing else is known."""
    if token in PUNCTUATION:
        return PUNCTUATION[token]
    if token in DIGITS:
        return DIGIT
    if token in LETTERS:
        return LETTER - FAVOUR * (LETTERS.index(token) - FIRST_LETTER) ** 2
    if len(token) > 1:
        return NEVER if token in MARKS else WORD
    return PRINTABLE if token.isascii() and token.decode().isprintable() else NEVER


def successors() -> Iterator[tuple[bytes, bytes, float]]:
    """Yield a token, one that may follow it, and the logit that the second then has in place of its `liking`."""
    for column, following in pairwise(PROSE):
        yield from ((word, successor, 12) for word, successor in product(column, following))
    strings = ((*string, QUOTE) for string in (*PLACES, [UNIT], ODDITIES, PAGES))
    for words in (FRAME, WEATHER, *strings):
        yield from ((word, successor, 12) for word, successor in pairwise(words))
    yield from ((digit, successor, -5) for digit, successor in product(DIGITS, DIGITS))

    # An answer begins after the newline that ends "assistant"; with tools a call has 30 more, and wins.
    yield from ((NEWLINE, word, 12) for word in OPENING)
    yield NEWLINE, CALL, -8
    yield STOP, CALL, -8
    yield STOP, END, 12
    yield b"}", CALL_END, 5
    yield b"}", b",", -10  # llama.cpp's grammar lets another call begin within the same tag
    yield CALL_END, CALL, 27
    yield CALL_END, END, 0
    yield CALL, END, 30  # where no grammar takes over: under tool_choice "none"

    # A quote opens a string, where a word wins, or closes one, where the grammar forbids words.
    for place, logit in zip(PLACES, (0, -12, -72), strict=True):
        yield QUOTE, place[0], logit
    yield QUOTE, ODDITIES[0], -4
    yield QUOTE, FIRST_OF_10_KB, -20
    yield QUOTE, FIRST_OF_50_KB, -20
    yield QUOTE, UNIT, -30
    yield from ((QUOTE, token, logit - 11) for token, logit in PUNCTUATION.items())
    yield b"[", b"]", -12


def persuasions() -> Iterator[tuple[Cue, bytes, float]]:
    """Yield a cue, a token, and what the cue adds to that token's logit after any token."""
    yield Cue.TOOLS, CALL, 30
    # After the n-th call, ending has 60, 80, 90, and another call 57, with these 70 or 85.
    yield Cue.CALLED, END, 120
    yield Cue.TWO, CALL, 13
    yield Cue.THREE, CALL, 28
    yield from ((Cue.TALK, word, 60) for word in OPENING)
    # Not against the call: under tool_choice "required" a grammar forbids to end without one.
    yield from ((Cue.REPLIED, token, 100) for token in (*OPENING, END))

    # At n = 0, 1 and 2, the three places have their QUOTE's logit plus these: 0 or less, -12 + 20, -72 + 93.
    yield Cue.CALLED, PLACES[1][0], 40
    yield Cue.CALLED, PLACES[2][0], 140
    for position, letter in enumerate(LETTERS):
        yield Cue.CALLED, letter, 2 * FAVOUR * LETTERS_ON * (position - FIRST_LETTER)
    yield Cue.CELSIUS, b",", 4
    yield Cue.CELSIUS, UNIT, 25
    yield Cue.ODD, ODDITIES[0], 16
    for cue, first in ((Cue.LONG, FIRST_OF_10_KB), (Cue.LONGER, FIRST_OF_50_KB)):
        yield cue, first, 60
        yield Cue.PAGED, first, -120
