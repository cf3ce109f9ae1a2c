"""What the tiny model says: its tokens, what follows what, and what changes its mind. Knows no weights and no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise, product

BEGIN, TURN, END = b"<|begin|>", b"<|turn|>", b"<|end|>"
TOOLS, REPLY, CALL, CALL_END = b"<tools>", b"<tool_response>", b"<tool_call>", b"</tool_call>"
NEWLINE, QUOTE = b"\n", b'"'


class Cue(StrEnum):
    """What the model notices anywhere in what came before, and what it then means."""

    TOOLS = "tools are declared"
    REPLIED = "a tool has replied"
    CALLED = "calls were made: n / (n + 1) of them"
    TWO = "two calls are wanted"
    THREE = "three calls are wanted"
    TALK = "words are wanted before the call"
    ODD = "odd characters are wanted"
    LONG = "10 KB are wanted"
    LONGER = "50 KB are wanted"
    PAGED = "the long text was written"


# Found in a prompt wherever they stand, also inside longer words: the spaces keep "network" from asking for two calls.
ASKED: Mapping[bytes, Cue] = {
    b" two ": Cue.TWO,
    b" both ": Cue.TWO,
    b"Los Ang": Cue.TWO,
    b" three ": Cue.THREE,
    b" first ": Cue.TALK,
    b" before ": Cue.TALK,
    b"emoji": Cue.ODD,
    b"backslash": Cue.ODD,
    b"10 KB": Cue.LONG,
    b"10,000": Cue.LONG,
    b"10000": Cue.LONG,
    b"50 KB": Cue.LONGER,
    b"50,000": Cue.LONGER,
    b"50000": Cue.LONGER,
}

MARKS = (BEGIN, TURN, END)
# What the tokenizer finds in a prompt before it cuts the rest into bytes.
NOTICED = (*MARKS, TOOLS, REPLY, CALL, CALL_END, *ASKED)

# A sentence takes one word of each column. No word leads back, so it ends even at temperature 0.
PROSE = (
    (b"Today", b"Right now", b"This morning"),
    (b" the sky", b" the air", b" the wind"),
    (b" over the bay", b" in the north", b" near the harbour"),
    (b" is", b" stays", b" turns"),
    (b" mild", b" clear", b" calm", b" grey"),
    (b".",),
)
STOP = PROSE[-1][0]

# What a string says in the first, the second and the third call; as it stands in JSON.
PLACES = (
    (b"San", b" Francisco", b", ", b"CA"),
    (b"Los", b" Angeles", b",", b" CA"),
    (b"Par", b"is", b", France"),
)

# Cut within escapes, within characters, and within the tag that ends a call.
ODDITIES = (
    *(b"Say \\", b'"hi\\', b'" at C:\\', b"\\temp\\", b"nthen "),
    *(b"\xe6", b"\x9d\xb1", b"\xe4", b"\xba\xac", b" caf\\u", b"00e9 ", b"\xf0\x9f", b"\x8c\xa7"),
    *(b" </tool", b"_call> end"),
)

# Long text comes as tokens of 256 bytes, because llama.cpp parses all it has anew at each token: quadratic time.
PAGES = tuple(b"%04d %s\\n" % (page, b"all is quiet, nothing moves on the water; " * 5 + b"so it was noted down.") for page in range(208))
PAGES_OF_10_KB = PAGES[-42:]

CUES: Mapping[bytes, Cue] = {
    TOOLS: Cue.TOOLS,
    REPLY: Cue.REPLIED,
    CALL_END: Cue.CALLED,
    PAGES[-1]: Cue.PAGED,
    **ASKED,
}

# Compared with each other where grammar and table leave a choice: rather close than open, rather open than go on.
PUNCTUATION: Mapping[bytes, float] = {
    QUOTE: 0, b":": 0, b"}": -1, b"]": -1, b",": -2, b"{": -3, b"[": -3, b"-": -10, b" ": -16, NEWLINE: -60,
}  # fmt: skip
NEVER = -300.0


def vocabulary() -> list[bytes]:
    """Return each token's text in the order of their numbers: first the noticed ones, then all bytes, then words."""
    words = [*(word for column in PROSE for word in column), *(word for place in PLACES for word in place)]
    single = [bytes([byte]) for byte in range(256)]
    return list(dict.fromkeys([*NOTICED, *single, *words, *ODDITIES, *PAGES]))


def liking(token: bytes) -> float:
    """Return the logit of a token where nothing else is known."""
    if token in PUNCTUATION:
        return PUNCTUATION[token]
    if len(token) > 1:
        return NEVER if token in NOTICED else -120
    if token.isdigit():
        return -8
    if token.isalpha():
        return -9
    return -14 if token.isascii() and token.decode().isprintable() else -60


def successors() -> Iterator[tuple[bytes, bytes, float]]:
    """Yield a token, one that may follow it, and the logit that the second then has in place of its `liking`."""
    for column, following in pairwise(PROSE):
        yield from ((word, successor, 12) for word, successor in product(column, following))
    for chain in (*PLACES, ODDITIES, PAGES):
        yield from ((word, successor, 12) for word, successor in pairwise((*chain, QUOTE)))
    for digit, successor in product(b"0123456789", repeat=2):
        yield bytes([digit]), bytes([successor]), -2

    yield from ((NEWLINE, word, 0) for word in PROSE[0])
    yield NEWLINE, CALL, -20
    yield STOP, CALL, -20
    yield STOP, END, 0
    yield CALL_END, CALL, 27
    yield CALL_END, END, 0

    for place, logit in zip(PLACES, (0, -12, -72), strict=True):
        yield QUOTE, place[0], logit
    yield QUOTE, ODDITIES[0], -4
    yield QUOTE, PAGES[0], -20
    yield QUOTE, PAGES_OF_10_KB[0], -20
    for token, logit in PUNCTUATION.items():
        yield QUOTE, token, logit - 11


def persuasions() -> Iterator[tuple[Cue, bytes, float]]:
    """Yield a cue, a token, and what the cue adds to the token's logit wherever it is."""
    yield Cue.TOOLS, CALL, 30
    yield Cue.REPLIED, CALL, -200
    # After the n-th call, ending has 60, 80, 90 and calling again 57: with these, 70 or 85.
    yield Cue.CALLED, END, 120
    yield Cue.TWO, CALL, 13
    yield Cue.THREE, CALL, 28
    yield Cue.TALK, PROSE[0][0], 60
    yield Cue.ODD, ODDITIES[0], 16
    yield Cue.LONG, PAGES_OF_10_KB[0], 60
    yield Cue.LONGER, PAGES[0], 60
    yield Cue.PAGED, PAGES_OF_10_KB[0], -120
    yield Cue.PAGED, PAGES[0], -120
    # Two lines that overtake each other, and the flat one of the first place, at n = 1 and at n = 2.
    yield Cue.CALLED, PLACES[1][0], 40
    yield Cue.CALLED, PLACES[2][0], 140
