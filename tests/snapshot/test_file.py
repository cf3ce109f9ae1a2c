"""Facts about snapshot.yaml: what is written is read again, in few lines; what is not ours is an error with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.faults import named
from deltaproof.snapshot.file import read_snapshot, write_snapshot
from tests.snapshot.streams import NAMES, exchange_of, recorded, shape

SCHEMAS = Path(__file__).parents[2] / "specs/schemas"

ONE_CALL = """\
# What deltaproof saw in the recordings beside; `deltaproof snapshot --update` writes it anew.
exchanges:
- of: one-call.sse
  status: 200
  type: text/event-stream; charset=utf-8
  end: eof
  choices:
  - arrived:
    - role assistant + call 0 opens (content null, refusal null)
    - arguments of call 0 (name null) × many
    - finish tool_calls
    - done
    calls:
    - name: get_tide
      name chunks: 1
      id: call_1
      type: function
  chunk fields: choices, created, id, model, object, service_tier, system_fingerprint
  choice fields: delta, finish_reason, index, logprobs
  deviates:
    tool-call-continuation-name: 'null'
"""


def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema."""
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas.values())
    Draft202012Validator.check_schema(schemas[name])
    return Draft202012Validator(schemas[name], registry=registry)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every shape of the tests' streams, and odd ones, as they were; and the schema describes the file."""
    shapes = {f"{name}.sse": shape(recorded(name)) for name in NAMES}
    shapes["bare#1"] = shape(Exchange("here", recorded("two-calls").body, scenario="two-calls-one-tool"))
    shapes["split"] = shape(named("name-split").apply(recorded("two-calls")))
    shapes["error: odd\u2028name"] = shape(exchange_of('{"error":"\\ud83c"}', '{"a, b":[], "choices":[{"index":0}]}'))
    shapes["empty"] = shape(Exchange("here", b""))
    path = tmp_path / SNAPSHOT
    write_snapshot(path, shapes)
    assert read_snapshot(path) == shapes
    validator("snapshot.json").validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_a_snapshot_is_a_few_lines_that_people_can_read(tmp_path: Path) -> None:
    """The whole text up to the rules that conform, which are there by group."""
    path = tmp_path / SNAPSHOT
    write_snapshot(path, {"one-call.sse": shape(named("name-null").apply(recorded("one-call")))})
    text = path.read_text(encoding="utf-8")
    assert text.startswith(ONE_CALL + "  conforms:\n    arguments: arguments-append-only, ")
    assert text.endswith("\nsnapshot: 1\n")
    assert text.count("\n") < 45


def test_without_shapes_there_is_no_file(tmp_path: Path) -> None:
    """The last shape that goes takes the file with it; a file that is not there has no shapes."""
    path = tmp_path / SNAPSHOT
    write_snapshot(path, {"a": shape(recorded("text"))})
    write_snapshot(path, {})
    assert (path.exists(), read_snapshot(path)) == (False, {})


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("exchanges:\n- of: a\n", "", "the file is cut short: `snapshot` is missing, which stands beside `exchanges`"),
        ("exchanges:\n- of: a\n  end: eof\n- of: a\n  end: eof\nsnapshot: 1\n", ":4", "there are two entries of a"),
        ("exchanges:\n- end: eof\nsnapshot: 1\n", ":2", "the entry does not say what it is `of`"),
        ("exchanges:\n- of: a\n  arrived: done\nsnapshot: 1\n", ":2", "`arrived` is text, not a list"),
        ("exchanges:\n- of: a\n  arrived: [[]]\nsnapshot: 1\n", ":2", "a line of `arrived` is a list, not text"),
        ("exchanges:\n- of: a\n  status: ok\nsnapshot: 1\n", ":2", "`status` is text, not a number"),
        (
            "exchanges:\n- of: a\n  choices: [{calls: [1]}]\nsnapshot: 1\n",
            ":2",
            "an entry of `calls` is a number, not a mapping",
        ),
        ("exchanges: []\nsnapshot: 2\n", "", "it is no snapshot that this version reads: `snapshot` is 2"),
        ("interactions: []\nversion: 1\n", "", "it is no snapshot: it does not say which version of `snapshot` it is"),
        ("", "", "it is no snapshot: it does not say which version of `snapshot` it is"),
        ("exchanges:\n- of: !!python/object:os.system a\n  end: [\nsnapshot: 1\n", ":5:1", "not valid YAML: "),
        ("<<<<<<< HEAD\nexchanges: []\n", ":2:10", "not valid YAML: "),
    ],
)
def test_what_is_no_snapshot_is_an_error_with_its_line(tmp_path: Path, text: str, where: str, what: str) -> None:
    """Never an empty snapshot, and nothing is constructed."""
    path = tmp_path / SNAPSHOT
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError) as caught:
        read_snapshot(path)
    assert caught.value.what.startswith(what)
    assert caught.value.where.startswith(f"{path}{where}")
    assert caught.value.hint == "Mend it, or remove it and run `deltaproof snapshot --update`"
