"""Facts about the strict JSON parser: which bytes are one JSON object, and what is wrong with the others."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.stream.strict import Parsed, Problem, in_brief, is_json, json_text, parse

TABLE: dict[str, tuple[bytes, Parsed]] = {
    "an object": (b'{"a":[1,2.5,"x",null,true]}', Parsed({"a": [1, 2.5, "x", None, True]})),
    "space around": (b' \t\r\n{ "a" : 1 }\n', Parsed({"a": 1})),
    "nothing": (b"", Parsed(None, Problem.TRUNCATED, "the JSON text ends inside, after 0 characters")),
    "space only": (b"  ", Parsed(None, Problem.TRUNCATED, "the JSON text ends inside, after 2 characters")),
    "an array": (b"[{}]", Parsed(None, Problem.NOT_AN_OBJECT, "a JSON array")),
    "a string": (b'"x"', Parsed(None, Problem.NOT_AN_OBJECT, "a JSON string")),
    "a number": (b"1", Parsed(None, Problem.NOT_AN_OBJECT, "a JSON number")),
    "null": (b"null", Parsed(None, Problem.NOT_AN_OBJECT, "a JSON null")),
    "false": (b"false", Parsed(None, Problem.NOT_AN_OBJECT, "a JSON boolean")),
    "an array with half a character": (b'["\\ud83d"]', Parsed(None, Problem.NOT_AN_OBJECT, "a JSON array")),
    "not UTF-8": (b'{"a":"\xff"}', Parsed(None, Problem.NOT_UTF8, "byte 0xff at 6 is not UTF-8")),
    "a character cut in two": (b'{"a":"\xe2\x82', Parsed(None, Problem.NOT_UTF8, "byte 0xe2 at 6 is not UTF-8")),
    "half a character as bytes": (
        b'{"a":"\xed\xa0\xbd"}',
        Parsed(None, Problem.NOT_UTF8, "byte 0xed at 6 is not UTF-8"),
    ),
    "a BOM inside": (b"\xef\xbb\xbf{}", Parsed(None, Problem.INVALID, "Expecting value at character 0")),
    "a BOM after": (b"{}\xef\xbb\xbf", Parsed(None, Problem.TRAILING_TEXT, "'\\ufeff' follows the value")),
    "NaN": (b'{"a":NaN}', Parsed(None, Problem.NOT_A_NUMBER, "NaN is no JSON")),
    "Infinity": (b'{"a":[-Infinity,1]}', Parsed(None, Problem.NOT_A_NUMBER, "-Infinity is no JSON")),
    "a number beyond all": (
        b'{"a":1e999}',
        Parsed(None, Problem.INVALID, "number is infinity when parsed as double: line 1 column 6 (char 5)"),
    ),
    "integers of 64 bits": (
        b'{"a":[18446744073709551615,-9223372036854775808]}',
        Parsed({"a": [2**64 - 1, -(2**63)]}),
    ),
    "longer integers are floats": (
        b'{"a":[18446744073709551616,100000000000000000000]}',
        Parsed({"a": [2.0**64, 1e20]}),
    ),
    "two documents": (
        b'{"a":1}{"b":2}',
        Parsed(None, Problem.TWO_DOCUMENTS, "a second document starts at character 7"),
    ),
    "two documents on two lines": (
        b'{"a":1}\n [2]',
        Parsed(None, Problem.TWO_DOCUMENTS, "a second document starts at character 9"),
    ),
    "text after": (b'{"a":1} ok', Parsed(None, Problem.TRAILING_TEXT, "'ok' follows the value")),
    "a bracket too many": (b'{"a":1}}', Parsed(None, Problem.TRAILING_TEXT, "'}' follows the value")),
    "a comma after": (b'{"a":1},', Parsed(None, Problem.TRAILING_TEXT, "',' follows the value")),
    "no JSON at all": (b"ping", Parsed(None, Problem.INVALID, "Expecting value at character 0")),
    "single quotes": (
        b"{'a':1}",
        Parsed(None, Problem.INVALID, "Expecting property name enclosed in double quotes at character 1"),
    ),
    "a comma too many": (
        b'{"a":1,}',
        Parsed(
            None,
            Problem.INVALID,
            "Illegal trailing comma before end of object at character 6"
            if sys.version_info >= (3, 13)
            else "Expecting property name enclosed in double quotes at character 7",
        ),
    ),
    "a control character": (
        b'{"a":"\n"}',
        Parsed(None, Problem.INVALID, "Invalid control character at at character 6"),
    ),
    "an escape that is none": (b'{"a":"\\x"}', Parsed(None, Problem.INVALID, "Invalid \\escape at character 6")),
    "a zero before": (b'{"a":01}', Parsed(None, Problem.INVALID, "Expecting ',' delimiter at character 6")),
    "a point without digits": (b'{"a":1.}', Parsed(None, Problem.INVALID, "Expecting ',' delimiter at character 6")),
    "a key twice": (b'{"a":1,"a":2}', Parsed({"a": 2}, Problem.DUPLICATE_KEYS, "the key 'a' stands twice")),
    "a key twice, spaced": (b'{"a": 1, "a": 1}', Parsed({"a": 1}, Problem.DUPLICATE_KEYS, "the key 'a' stands twice")),
    "a key twice, deep inside": (
        b'{"a":[{"b":{"c":1,"d":0,"c":1}}]}',
        Parsed({"a": [{"b": {"c": 1, "d": 0}}]}, Problem.DUPLICATE_KEYS, "the key 'c' stands twice"),
    ),
    "a key twice, once escaped": (
        b'{"a":1,"\\u0061":2}',
        Parsed({"a": 2}, Problem.DUPLICATE_KEYS, "the key 'a' stands twice"),
    ),
    "a key twice beside a long integer": (
        b'{"a":1,"a":' + b"9" * 30 + b"}",
        Parsed({"a": 1e30}, Problem.DUPLICATE_KEYS, "the key 'a' stands twice"),
    ),
    "equal keys of two objects": (b'{"a":{"a":1},"b":{"a":1}}', Parsed({"a": {"a": 1}, "b": {"a": 1}})),
    "the words of a key in a text": (b'{"a":"\\"a\\":1, \\"b\\": 2"}', Parsed({"a": '"a":1, "b": 2'})),
    "half a character": (
        b'{"index":0,"a":"\\ud83d"}',
        Parsed({"index": 0, "a": "\ud83d"}, Problem.LONE_SURROGATE, "\\ud83d without its other half"),
    ),
    "half a character in a key": (
        b'{"\\udc00":18446744073709551615}',
        Parsed({"\udc00": 2**64 - 1}, Problem.LONE_SURROGATE, "\\udc00 without its other half"),
    ),
    "halves in the wrong order": (
        b'{"a":["\\udc00\\ud83d", 18446744073709551616]}',
        Parsed({"a": ["\udc00\ud83d", 2.0**64]}, Problem.LONE_SURROGATE, "\\udc00 without its other half"),
    ),
    "both halves": (b'{"a":"\\ud83d\\ude00"}', Parsed({"a": "😀"})),
}


@pytest.mark.parametrize(("text", "parsed"), TABLE.values(), ids=TABLE)
def test_a_text_is_parsed_or_named_for_what_it_is(text: bytes, parsed: Parsed) -> None:
    """Value, problem and detail are those of the table, and numbers are of the same type."""
    assert parse(text) == parsed
    assert repr(parse(text)) == repr(parsed)


def test_every_problem_is_in_the_table() -> None:
    """The table shows each problem; TOO_DEEP has tests of its own."""
    assert {parsed.problem for _, parsed in TABLE.values()} == set(Problem) - {Problem.TOO_DEEP}


WHOLE = b'{"a":[true,false,null,-1.5e+3,0,"x\\n\\u00e9\\ud83d\\ude00"],"b":{"c":[]}}'


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_every_beginning_of_a_text_is_truncated(length: int) -> None:
    """Wherever a text is cut, in a literal, a number or an escape too, it is truncated and not invalid."""
    detail = f"the JSON text ends inside, after {length} characters"
    assert parse(WHOLE[:length]) == Parsed(None, Problem.TRUNCATED, detail)


@pytest.mark.parametrize(
    "text", ['{"a":truth', '{"a":nul1', '{"a":-x', '{"a":1.x', '{"a":1ex', '{"a":"\\u00x', '{"a"-', '{"a":"x"e']
)
def test_what_no_end_could_repair_is_not_truncated(text: str) -> None:
    """A text that is the beginning of no JSON is invalid, though it ends inside."""
    assert parse(text.encode()).problem is Problem.INVALID


def nested(levels: int, inside: bytes = b"") -> bytes:
    """Return an object that is nested so many levels deep, itself the first, objects and arrays in turns."""
    halves = (levels - 1) // 2
    rest = (levels - 1) % 2
    return b'{"a":' + b'[{"a":' * halves + b"[" * rest + (inside or b"0") + b"]" * rest + b"}]" * halves + b"}"


def test_254_levels_are_read_and_255_are_too_deep() -> None:
    """The limit is the same for every sort of text, whether the fast parser takes it or the explaining one."""
    too_deep = Parsed(None, Problem.TOO_DEEP, "nested more than 254 levels deep")
    expected = {b"0": Problem.NONE, b'"\\ud83d"': Problem.LONE_SURROGATE, b"NaN": Problem.NOT_A_NUMBER}
    for inside, problem in expected.items():
        assert parse(nested(254, inside)).problem is problem
        assert parse(nested(255, inside)) == too_deep
    assert parse(b'{"a":1,"a":' * 254 + b"1" + b"}" * 254).problem is Problem.DUPLICATE_KEYS
    assert parse(b'{"a":1,"a":' * 255 + b"1" + b"}" * 255) == too_deep


@pytest.mark.parametrize("levels", [300, 900, 990, 1000, 1023, 1024, 1025, 2000, 100_000, 1_000_000])
def test_any_depth_is_survived(levels: int) -> None:
    """However deep a text is nested, closed, cut, or with text after it, it is too deep, and nothing else happens."""
    too_deep = Parsed(None, Problem.TOO_DEEP, "nested more than 254 levels deep")
    for text in (nested(levels), nested(levels) + b"x", b"[" * levels, b'{"a":' * levels, b"]" + b"[" * levels):
        assert parse(text) == too_deep


def test_brackets_in_strings_are_not_nested() -> None:
    """A text of a thousand brackets is as deep as what is around it, also where another problem must be explained."""
    assert parse(b'{"a":"' + b'[{\\"' + b"[" * 1000 + b'","b":NaN}').problem is Problem.NOT_A_NUMBER
    assert parse(b'{"a":"' + b"[" * 1000 + b'"}') == Parsed({"a": "[" * 1000})


_KEYS = st.text(max_size=5)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
_VALUES = st.recursive(
    _SCALARS | st.text(max_size=8) | st.sampled_from(['"', "\\", '": ', ', "', "\x00", "😀", "\u2028"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)
_OBJECTS = st.dictionaries(_KEYS, _VALUES, max_size=5)


@given(
    value=_OBJECTS,
    ascii_only=st.booleans(),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",\t", ":\n"), (", ", ":"), (",", ": ")]),
    indent=st.sampled_from([None, 0, 2, "\t"]),
)
def test_whatever_style_json_is_written_in_there_is_no_problem(
    *, value: dict[str, object], ascii_only: bool, separators: tuple[str, str], indent: int | str | None
) -> None:
    """An object written in any style parses to an equal value without a problem."""
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators, indent=indent)
    assert parse(text.encode()) == Parsed(value)


@given(value=_OBJECTS, key=_KEYS, inner=_VALUES, spaces=st.sampled_from(["", " ", "\n"]), escaped=st.booleans())
def test_a_key_that_stands_twice_is_always_found(
    *, value: dict[str, object], key: str, inner: object, spaces: str, escaped: bool
) -> None:
    """However an object is written and wherever it stands, a second member of one name is told, and is its value."""
    once = json.dumps(key, ensure_ascii=False)
    again = '"' + "".join(f"\\u{ord(letter):04x}" for letter in key if ord(letter) < 0x10000) + '"' if escaped else once
    name = json.loads(again)
    members = [
        f"{json.dumps(name)}:{spaces}1",
        *(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in value.items() if k != name),
    ]
    text = "{" + f",{spaces}".join([*members, f"{again}{spaces}:{json.dumps(inner)}"]) + "}"
    expected = {"outer": [0, {name: 1} | {k: v for k, v in value.items() if k != name} | {name: inner}]}
    detail = f"the key {name!r} stands twice"
    assert parse(f'{{"outer": [0,{text}]}}'.encode()) == Parsed(expected, Problem.DUPLICATE_KEYS, detail)


_TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    '"a"',
    "1",
    "-",
    ".",
    "e",
    "null",
    "true",
    "NaN",
    "\\u",
    "d83d",
    "\n",
    " ",
]
_JSON_LIKE = st.lists(st.sampled_from([*_TOKENS, "\ufeff", "é"]), max_size=30).map("".join)


@given(st.binary(max_size=60) | _JSON_LIKE.map(str.encode) | _JSON_LIKE.map(lambda text: b'{"a":' + text.encode()))
def test_any_bytes_have_a_value_or_a_problem(text: bytes) -> None:
    """Whatever the bytes, there is an object, or a problem with words for it; never both nothing, never an exception."""
    value, problem, detail = parse(text)
    has_value = problem in (Problem.NONE, Problem.DUPLICATE_KEYS, Problem.LONE_SURROGATE)
    assert isinstance(value, dict) is has_value
    assert (value is None) is not has_value
    assert bool(detail) is (problem is not Problem.NONE)


@given(_VALUES | st.text(st.characters(categories=["L", "Cs"]), max_size=3))
def test_a_value_is_written_as_json(value: object) -> None:
    """The text of a value parses to that value again, halves of characters included."""
    assert json.loads(json_text(value)) == value


def test_a_value_is_shown_in_brief() -> None:
    """What fits into a sentence is shown, of a longer string its beginning, of anything else the type."""
    assert in_brief({"a": "\ud83d"}) == '{"a":"\\ud83d"}'
    assert in_brief(["x" * 60]) == "an array"
    assert in_brief("x" * 60) == '"' + "x" * 60 + '"'
    assert in_brief("x" * 10**6) == '"' + "x" * 60 + '…"'
    assert in_brief(parse(nested(254)).value) == "an object"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("{}", True),
        ("1", True),
        ('"x"', True),
        (" {} ", True),
        ("", False),
        ("{}{}", False),
        ("NaN", False),
        ("\ud83d", False),
    ],
)
def test_a_text_is_json_or_not(text: str, *, is_one: bool) -> None:
    """One value is JSON; nothing, two values, and half a character are not."""
    assert is_json(text) is is_one
