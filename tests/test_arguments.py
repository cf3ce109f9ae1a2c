"""Facts about how argument text is read and held against a schema, whatever a server or a request puts there."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.rules.argument_schema import Violation, violations
from deltaproof.rules.argument_text import Form, Reading, Scan, read_arguments, scan
from deltaproof.stream import Text

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)


def read(*fragments: str) -> Reading:
    """Read arguments that came in these fragments."""
    text = Text()
    for number, fragment in enumerate(fragments):
        text.append(fragment, number, number)
    return read_arguments(text)


def nested(levels: int, space: str = "") -> str:
    """Return the text of an object that is nested so many levels deep, itself the first."""
    return f'{{"a":{space}' * levels + "1" + "}" * levels


def bomb(depth: int) -> dict[str, object]:
    """Return a schema whose references double at each of its levels."""
    levels = {f"d{level}": {"anyOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(depth)}
    return {"$ref": "#/$defs/d0", "$defs": {**levels, f"d{depth}": {"type": "string"}}}


@given(OBJECTS, st.booleans(), st.sampled_from([None, 2]))
def test_every_beginning_of_an_object_is_a_beginning(value: object, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - hypothesis passes it
    """No prefix of an object's JSON text is wrong anywhere, and only the whole of it ends."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert scan(text) == Scan(len(text), None)
    assert {scan(text[:length]) for length in range(len(text))} == {Scan(None, None)}


@given(OBJECTS, st.data())
def test_what_is_taken_for_one_value_is_what_a_parser_takes(value: object, data: st.DataObject) -> None:
    """With one character changed, the text is whole exactly where Python's parser, without its NaN, accepts it."""
    text = json.dumps(value)
    place = data.draw(st.integers(0, len(text)))
    changed = text[:place] + data.draw(st.sampled_from('{}[],:"\\1e.- tn')) + text[place + 1 :]
    try:
        json.loads(changed, parse_constant=pytest.fail)
        accepted = True
    except (ValueError, pytest.fail.Exception):
        accepted = False
    end, wrong = scan(changed)
    assert (end is not None and wrong is None) == accepted


@pytest.mark.parametrize(
    ("fragments", "form", "position"),
    [
        (['{"a"', ":1}"], Form.OBJECT, 0),
        (["", " \n"], Form.EMPTY, 0),
        (['{"a":tr'], Form.TRUNCATED, 7),
        (['{"a":-1.'], Form.TRUNCATED, 8),
        (['{"a":"\\u00'], Form.TRUNCATED, 10),
        (['{"x":{"a":', '{"a":1}'], Form.TRUNCATED, 17),
        (["null"], Form.NULL, 0),
        (["[1]"], Form.NOT_AN_OBJECT, 0),
        (['"{}"'], Form.ENCODED_TWICE, 0),
        (['"{"'], Form.NOT_AN_OBJECT, 0),
        (['{"a"', ":1}", '{"a": 1}'], Form.RESENT, 7),
        (['{"a":1}', '{"a":1}', '{"a":1}'], Form.RESENT, 7),
        (['{"a"', '{"a":', '{"a":1}'], Form.CUMULATIVE, 4),
        (['{"a":', '{"a":1}'], Form.CUMULATIVE, 5),
        (['{"a', '{"a":', '{"a":1'], Form.CUMULATIVE, 3),
        (['{"a":"Lo', '{"a":"Paris"}'], Form.RETRACTED, 8),
        (["{}", '{"a":1}'], Form.TRAILING, 2),
        (['{"a":1}\u00a0'], Form.TRAILING, 7),
        (["{'a':1}"], Form.INVALID, 1),
        (['{"a":NaN}'], Form.INVALID, 5),
        (["{", '{"a":1}}'], Form.INVALID, 1),
        (['\ufeff{"a":1}'], Form.INVALID, 0),
        (['{"a":"\ud83d', '\ude00"}'], Form.OBJECT, 0),
        (['{"a":1e999}'], Form.OBJECT, 0),
        ([nested(5000)], Form.OBJECT, 0),
        ([nested(254), nested(254, " ")], Form.RESENT, len(nested(254))),
        ([nested(255), nested(255)], Form.RESENT, len(nested(255))),
        ([nested(255), nested(255, " ")], Form.TRAILING, len(nested(255))),
    ],
)
def test_arguments_are_read_for_what_they_are(fragments: list[str], form: Form, position: int) -> None:
    """Each form is told apart, with the character that decides it."""
    assert read(*fragments) == Reading(form, position)


@pytest.mark.parametrize(
    "fragments",
    [["["] * 200_000, ['{"a":"', *["x"] * 200_000, '"}', "y"], ['{"a":1}' * 100_000], ["{"] * 100_000 + ["{}"]],
)
def test_hostile_arguments_are_read_in_time(fragments: list[str]) -> None:
    """Hundreds of thousands of fragments or brackets take no minutes; quadratic work on them would."""
    start = time.perf_counter()
    read(*fragments)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("schema", "arguments", "told"),
    [
        ({"properties": {"a": {"type": "integer"}}}, '{"a":1}', ()),
        (
            {"properties": {"a": {"type": "integer"}}},
            '{"a":"1"}',
            (Violation("$.a", "'1' is not of type 'integer'"),),
        ),
        (
            {"$defs": {"n": {"minimum": 2}}, "properties": {"a": {"$ref": "#/$defs/n"}}},
            '{"a":1}',
            (Violation("$.a", "1 is less than the minimum of 2"),),
        ),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, '{"a":"' + "a" * 50 + 'b"}', ()),
        ({"patternProperties": {"(a+)+$": {}}, "additionalProperties": False}, '{"' + "a" * 50 + 'b":1}', None),
        ({"$ref": "http://127.0.0.1:9/schema"}, "{}", None),
        ({"$ref": "file:///etc/hostname"}, "{}", None),
        ({"$ref": "#"}, "{}", None),
        ({"$ref": "#/description", "description": "no schema"}, "{}", None),
        ({"properties": []}, "{}", None),
        ({"type": "strng"}, "{}", None),
        ({"properties": {"a": {"multipleOf": 0.1}}}, '{"a":1e999}', None),
        ({"properties": {"a": {1, 2}}}, "{}", None),
        (bomb(60), "{}", None),
        ({"required": ["a"]}, nested(254), ()),
        ({"required": ["a"]}, nested(255), None),
    ],
)
def test_a_schema_is_applied_or_left_alone(
    schema: dict[str, object], arguments: str, told: tuple[Violation, ...] | None
) -> None:
    """A schema that is malformed, looks outside or never ends tells nothing, and raises nothing.

    Nor are arguments looked into that nest deeper than some Python's parser goes.
    """
    assert violations(schema, arguments) == told
