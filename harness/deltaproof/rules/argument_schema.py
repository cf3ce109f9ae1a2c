"""How arguments break the JSON Schema of their tool. All that deltaproof knows of jsonschema; no rule lives here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, ParamSpec

from deltaproof.stream.strict import is_too_deep

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

P = ParamSpec("P")

_STEPS = 30_000  # keywords evaluated at the most, far more than an honest schema asks for
_WORK = 10**8  # the same, times the characters that each may have to look at
_SMALL = 10**6  # characters of schema times characters of arguments, below which there is no need to count
_SHOWN = 200  # characters of jsonschema's sentence, which quotes the whole value

_KEYWORDS = (
    *("$ref", "allOf", "anyOf", "oneOf", "not", "if", "type", "enum", "const"),
    *("properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"),
    *("dependentRequired", "dependentSchemas", "prefixItems", "items", "contains", "minItems", "maxItems"),
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
)
"""What is evaluated. Not `pattern`: a regular expression may run for ever. Not what looks at everything again."""


class Violation(NamedTuple):
    """Where the arguments break the schema, as a path such as `$.days[0]`, and how."""

    path: str
    message: str


class _OutOfStepsError(Exception):
    """Ends an evaluation that would take too long; never leaves this file."""


def violations(parameters: Mapping[str, object], arguments: str) -> tuple[Violation, ...] | None:
    """Return the first way in which the text of a JSON object breaks a schema, or () if it follows the schema.

    Returns None where that cannot be told: the schema is malformed, has patterns for property names, refers to
    something outside of itself, or takes too long, or the arguments nest too deep. Nothing is ever fetched.
    """
    try:
        return _violations(json.dumps(parameters), arguments)
    except (RecursionError, TypeError, ValueError):  # no JSON at all, or nested too deep
        return None


@lru_cache(maxsize=4)  # a rule asks twice: whether it can be told, and what
def _violations(schema_text: str, arguments: str) -> tuple[Violation, ...] | None:
    from referencing.exceptions import Unresolvable

    if is_too_deep(arguments.encode(errors="replace")):
        return None
    small = "$ref" not in schema_text and len(schema_text) * len(arguments) < _SMALL
    most = min(_STEPS, _WORK // len(arguments))
    validator = _unbounded(schema_text) if small else _validator(schema_text, iter(range(most)))
    if validator is None:
        return None
    try:
        error = next(validator.iter_errors(json.loads(arguments)), None)
    except (_OutOfStepsError, Unresolvable, ArithmeticError):
        return None
    except (AttributeError, LookupError):  # a $ref may point at something that is no schema
        return None
    return () if error is None else (Violation(error.json_path, error.message[:_SHOWN]),)


@lru_cache(maxsize=64)
def _unbounded(schema_text: str) -> Validator | None:
    """Return a validator to be used again and again, for schemas and arguments that are small."""
    return _validator(schema_text, repeat(0))


def _validator(schema_text: str, steps: Iterator[int]) -> Validator | None:
    """Return a validator that takes one of the steps for each keyword, and raises when there are none left.

    Returns None where the schema cannot be told from its text.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import create
    from referencing import Registry

    schema = _checked(schema_text)
    if schema is None:
        return None

    def counted(check: Callable[P, Iterator[ValidationError]]) -> Callable[P, Iterator[ValidationError]]:
        def check_if_steps_are_left(*args: P.args, **kwargs: P.kwargs) -> Iterator[ValidationError]:
            if next(steps, None) is None:
                raise _OutOfStepsError
            return check(*args, **kwargs)

        return check_if_steps_are_left

    checks = {name: counted(Draft202012Validator.VALIDATORS[name]) for name in _KEYWORDS}
    bounded = create(Draft202012Validator.META_SCHEMA, checks, type_checker=Draft202012Validator.TYPE_CHECKER)
    return bounded(schema, registry=Registry())  # a registry of its own: the default one would fetch


@lru_cache(maxsize=64)
def _checked(schema_text: str) -> Mapping[str, object] | None:
    """Return a schema from its JSON text, None where it is malformed or its properties cannot be told apart."""
    from jsonschema import Draft202012Validator, SchemaError

    if '"patternProperties": ' in schema_text:  # `additionalProperties` would run those patterns
        return None
    schema: dict[str, object] = json.loads(schema_text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return None
    return schema
