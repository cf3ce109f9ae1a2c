"""Facts about faults as such: what they keep, how they choose, when they do not apply. Not what each one breaks."""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltaproof.cassette import read_path
from deltaproof.errors import UnknownNameError
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.faults import FAULTS, Fault, InapplicableError, chosen, combined, named
from deltaproof.faults.pieces import pieces_of
from deltaproof.faults.splice import Style, splice, style_of
from deltaproof.verdict import judge

STREAMS = Path(__file__).parent / "streams"
COMPACT = Style(":", ",", escapes=False)
WORDS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

ODD = (
    b"\xef\xbb\xbf: hello\r\n\r\n"
    b'id: 1\r\ndata:{ "created" : 1.10, "\\u0069d": "caf\\u00e9", "choices": [ {"index": 0, "delta": {"role": "assistant", '
    b'"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}} ] }\r\n\r\n'
    b": still there\r\n\r\n"
    b'data: {"created": 1.10, "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "\\u007b}"}}]}}]}\r\n\r\n'
    b"data: [DONE]\r\n"
)
"""A stream whose writing is nobody's style: every byte of it is somebody's."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=3), json_values, max_size=4)


@cache
def stream(name: str) -> Exchange:
    """Return a stream of the tests."""
    (exchange,) = [one for one in read_path(STREAMS / f"{name}.sse") if isinstance(one, Exchange)]
    return exchange


def apply(name: str, body: bytes) -> bytes:
    """Return a body with a fault."""
    return named(name).apply(Exchange("here", body)).body


# What is kept.


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"data: ", b"{}", b"\n", b"\r", b"\r\n", b": c", b"\xef\xbb\xbf"])).map(b"".join)
)
def test_the_pieces_of_any_bytes_are_those_bytes(body: bytes) -> None:
    """Taking a body apart loses nothing."""
    assert b"".join(piece.raw for piece in pieces_of(body)) == body


@given(json_objects, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]), st.booleans())
def test_a_text_whose_value_has_not_changed_stays_as_it_is(
    value: object,
    separators: tuple[str, str],
    escapes: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Whatever the style a text is written in, it is its own splice."""
    text = json.dumps(value, separators=separators, ensure_ascii=escapes)
    assert splice(text, json.loads(text), COMPACT) == text


@given(json_objects, json_objects)
def test_a_spliced_text_means_the_new_value(old: object, new: object) -> None:
    """Any object can be made of any other."""
    assert json.dumps(json.loads(splice(json.dumps(old), new, COMPACT))) == json.dumps(new)


def test_a_splice_changes_what_is_new_and_nothing_else() -> None:
    """Digits, escapes, spaces and keys given twice stay; what is new takes the style of the text."""
    text = '{"a" : 1.10,  "b" : {"c" : "\\u00e9",  "d" : [1, 2]},  "a" : 2e0,  "e" : true}'
    value = json.loads(text)
    value["b"]["d"][1] = [3]
    value["e"] = 1
    value["f"] = {"g": "é", "h": "\ud800"}
    expected = (
        '{"a" : 1.10,  "a" : 2e0,  "b" : {"c" : "\\u00e9",  "d" : [1, [3]]},  "e" : 1,  '
        '"f" : {"g" : "é",  "h" : "\\ud800"}}'
    )
    assert splice(text, value, style_of(text, escapes=False)) == expected


def test_a_fault_keeps_every_byte_that_it_does_not_change() -> None:
    """Comments, spaces, escapes, numbers, ids of events and a line end that is missing: all is as it was."""
    later = b'{"arguments": "\\u007b}"}'
    assert ODD.count(later) == 1
    assert apply("name-null", ODD) == ODD.replace(later, b'{"arguments": "\\u007b}", "name": null}')


def test_what_a_fault_adds_is_written_like_the_rest() -> None:
    """A new chunk has the fields, spaces and line ends of the chunk that it stands beside."""
    second = ODD[ODD.index(b'data: {"created"') : ODD.index(b"data: [DONE]")]
    again = second.replace(b'"\\u007b}"', b'"</tool_call>"')
    body = ODD.replace(b'"arguments": "\\u007b}"}}]}}', b'"arguments": "\\u007b}"}}]}, "finish_reason": "stop"}')
    with_finish = second.replace(b"}]}}]}", b'}]}, "finish_reason": "stop"}]}')
    added = again.replace(b"}]}}]}", b'}]}, "finish_reason": null}]}')
    assert apply("arguments-trailing", body) == ODD.replace(second, with_finish + added)


def test_a_fault_that_changes_the_request_keeps_the_response() -> None:
    """And the request that it was given."""
    exchange = stream("two-calls")
    before = copy.deepcopy(exchange)
    broken = named("parallel-calls").apply(exchange)
    assert broken == replace(exchange, request={**(exchange.request or {}), "parallel_tool_calls": False})
    assert exchange == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_leaves_what_it_was_given(fault: Fault) -> None:
    """Faults are functions: the exchange that goes in is the same afterwards."""
    exchange = replace(stream("two-choices-calling"), answer={"choices": [{"message": {"content": "no"}}]})
    before = copy.deepcopy(exchange)
    with suppress(InapplicableError):
        fault.apply(exchange)
    assert exchange == before


# When the body arrived.


def test_reads_end_where_what_they_brought_ends_now() -> None:
    """A read keeps its time; its size is that of the same events with the fault."""
    events = [b'data: {"choices":[{"index":0,"delta":{}}]}\n\n', b"data: [DONE]\n\n"]
    reads = (Read(0.5, len(events[0])), Read(1.5, len(events[1])))
    exchange = Exchange("here", b"".join(events), reads=reads)
    changed = named("id-lines").apply(exchange)
    assert changed.body == b"id: 7\n" + events[0] + b"id: 7\n" + events[1]
    assert changed.reads == (Read(0.5, len(events[0]) + 6), Read(1.5, len(events[1]) + 6))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_reads_make_up_the_body(fault: Fault) -> None:
    """Whatever a fault does to a body, its reads still add up to it, in order of time."""
    body = stream("two-calls").body
    sizes = [len(part) for part in re.findall(rb"(?s).{1,100}", body)]
    reads = tuple(Read(number / 10, size) for number, size in enumerate(sizes))
    try:
        broken = fault.apply(replace(stream("two-calls"), reads=reads))
    except InapplicableError:
        return
    assert sum(read.size for read in broken.reads) == len(broken.body)
    assert [read.at for read in broken.reads] == sorted(read.at for read in broken.reads)


def times_of_events(exchange: Exchange) -> list[tuple[float, bytes]]:
    """Return what each read brought, and when."""
    parts, position = [], 0
    for read in exchange.reads:
        parts.append((read.at, exchange.body[position : position + read.size]))
        position += read.size
    return parts


def test_changed_bytes_belong_to_the_read_they_stood_in() -> None:
    """An event that came in three reads is changed in the middle one; the others bring what they brought."""
    event = b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'
    parts = (event[:40], event[40:56], event[56:], b"data: [DONE]\n\n")
    reads = tuple(Read(number, len(part)) for number, part in enumerate(parts))
    changed = named("role-user").apply(Exchange("here", b"".join(parts), reads=reads))
    assert times_of_events(changed) == [
        (0, b'data: {"choices":[{"index":0,"delta":{"r'),
        (1, b'ole":"user"'),
        (2, b"}}]}\n\n"),
        (3, b"data: [DONE]\n\n"),
    ]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("done-missing", [(0, b"a"), (1, b"b"), (2, b"c")]),
        ("done-twice", [(0, b"a"), (1, b"b"), (2, b"c"), (3, b"[DONE][DONE]")]),
        ("comment", None),
    ],
)
def test_a_read_whose_bytes_are_gone_is_gone(name: str, kept: list[tuple[float, bytes]] | None) -> None:
    """What comes on top comes with a read beside it; no read is empty, and no time is new."""
    chunk = '{"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}'
    payloads = [chunk % ("a", "null"), chunk % ("b", "null"), chunk % ("c", '"stop"'), "[DONE]"]
    events = [f"data: {payload}\n\n".encode() for payload in payloads]
    reads = tuple(Read(number, len(event)) for number, event in enumerate(events))
    changed = named(name).apply(Exchange("here", b"".join(events), reads=reads, ended=4.0))
    told = [
        (at, b"".join(re.findall(rb'(?<="content":")[abc]|\[DONE\]', part))) for at, part in times_of_events(changed)
    ]
    assert told == (kept or [(0, b"a"), (1, b"b"), (2, b"c"), (3, b"[DONE]")])
    assert changed.ended == told[-1][0] + 1


def test_a_stall_is_half_a_minute_and_changes_no_byte() -> None:
    """All reads from some one on come thirty seconds later."""
    exchange = Exchange("here", b"data: [DONE]\n\n", reads=(Read(1, 7), Read(2, 7)))
    assert named("stall").apply(exchange) == replace(exchange, reads=(Read(1, 7), Read(32, 7)))


def test_the_end_is_seen_as_long_after_the_last_read_as_before() -> None:
    """A stall puts it off, and a cut brings it forward."""
    chunks = [b'data: {"choices":[{"index":0,"delta":{}}]}\n\n'] * 3
    exchange = Exchange("here", b"".join(chunks), reads=tuple(Read(n, len(chunks[0])) for n in range(3)), ended=2.5)
    assert named("stall").apply(exchange).ended == 32.5
    cut = named("cut-reset").apply(exchange)
    assert cut.ended == cut.reads[-1].at + 0.5


# What else follows: the bytes of the request, the lengths that are told.


def test_the_bytes_of_a_request_say_what_the_request_says() -> None:
    """Only the member that a fault changes is written anew; the length that the headers tell is that of the bytes."""
    sent = b'{ "tools" : [{"type":"function","function":{"name":"f"}}],\n "seed": 1.0 }'
    body = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    headers = (("Accept", "*/*"), ("Content-Length", str(len(sent))))
    exchange = Exchange("here", body, request=json.loads(sent), sent=sent, sent_headers=headers)
    changed = named("tool-choice-required").apply(exchange)
    assert changed.sent == sent[:-2] + b',\n "tool_choice" : "required" }'
    assert json.loads(changed.sent) == changed.request
    assert changed.sent_headers == (("Accept", "*/*"), ("Content-Length", str(len(changed.sent))))
    assert named("done-missing").apply(replace(exchange, body=body + b"data: [DONE]\n\n")).sent == sent


def test_bytes_of_a_request_that_say_something_else_are_not_kept() -> None:
    """Where the request was told beside the recording, its bytes are those of another one."""
    exchange = replace(stream("two-calls"), sent=b'{"model":"m"}')
    assert named("parallel-calls").apply(exchange).sent == b""


def test_a_complete_body_has_the_length_that_its_head_tells() -> None:
    """And one that is cut has less."""
    body = b'data: {"choices":[{"index":0,"delta":{}}]}\n\ndata: [DONE]\n\n'
    exchange = Exchange("here", body, head=Head(200, (("content-length", str(len(body))),)))
    assert named("done-missing").apply(exchange).head == Head(200, (("content-length", str(len(body) - 14)),))
    assert named("cut-reset").apply(exchange).head == exchange.head


# How they choose, and when they do not apply.


def test_a_seed_decides_which_call_is_broken() -> None:
    """The same seed breaks the same call, and some seed breaks the other one."""
    chosen = [named("id-missing").apply(stream("two-calls"), seed=seed).body for seed in range(8)]
    assert chosen == [named("id-missing").apply(stream("two-calls"), seed=seed).body for seed in range(8)]
    assert len(set(chosen)) == 2


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("custom-missing", "two-calls", "there is no call of a custom tool"),
        ("index-gap", "one-call", "no choice has more than one tool call"),
        ("usage-twice", "one-call", "there is no usage chunk"),
        ("done-missing", "error-told", "there is no [DONE]"),
        ("name-null", "refused", "there is no chunk with a choice"),
        ("answer-calls", "one-call", "no plain answer to the same request is known"),
    ],
)
def test_a_fault_that_does_not_apply_says_why(name: str, source: str, reason: str) -> None:
    """The error names the fault, the source and what is not there."""
    with pytest.raises(InapplicableError) as caught:
        named(name).apply(stream(source))
    assert (caught.value.what, caught.value.where) == (f"{name} does not apply: {reason}", stream(source).source)


def test_a_fault_is_not_applied_twice_where_once_is_all() -> None:
    """What is broken in this very way already is no stream to break."""
    broken = named("name-null").apply(stream("one-call"))
    with pytest.raises(InapplicableError) as caught:
        named("name-null").apply(broken)
    assert caught.value.what == "name-null does not apply: it is like that already"


def test_what_is_not_known_cannot_be_broken() -> None:
    """Without request, headers and reads, the faults that compare with them do not apply."""
    bare = Exchange("here", stream("two-calls").body)
    for name in ("parallel-calls", "tool-unknown", "content-type-json", "stall"):
        with pytest.raises(InapplicableError):
            named(name).apply(bare)


def test_faults_can_be_combined() -> None:
    """Two faults of different things both show, whichever comes first."""
    one, other = named("name-null"), named("done-missing")
    exchange = stream("one-call")
    assert one.apply(other.apply(exchange)) == other.apply(one.apply(exchange))
    found = {finding.case for finding in judge(one.apply(other.apply(exchange)), profile="openai-strict").findings}
    assert found == {"null", "missing"}


def test_faults_are_applied_one_after_the_other() -> None:
    """What combines them is what applying them in turn is."""
    one, other = chosen("name-null,done-missing")
    exchange = stream("one-call")
    assert combined((one, other), exchange) == other.apply(one.apply(exchange))


def test_a_fault_that_those_before_leave_nothing_to_says_so() -> None:
    """The error names what was applied before it."""
    with pytest.raises(InapplicableError) as caught:
        combined(chosen("plain-answer,done-twice"), stream("one-call"))
    assert caught.value.what == "done-twice does not apply after plain-answer: there is no [DONE]"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("usage-*-high", ["usage-details-high"]),
        ("cut-mid-*", ["cut-mid-event", "cut-mid-utf8"]),
        ("done-twice, bom", ["done-twice", "bom"]),
        ("bom, cut-mid-*, cut-mid-event", ["bom", "cut-mid-event", "cut-mid-utf8"]),
        ("all, bom", [fault.name for fault in FAULTS]),
    ],
)
def test_faults_are_named_by_patterns_and_one_by_one(words: str, names: list[str]) -> None:
    """A pattern's faults come in the order of the list, others as they are named; none twice."""
    assert [fault.name for fault in chosen(words)] == names


@pytest.mark.parametrize("name", ["crlf", "cr", "comment"])
def test_a_change_that_breaks_no_rule_leaves_the_message(name: str) -> None:
    """However lines end and whatever comments say, a stream means the same."""
    for source in ("two-calls", "text-without-tools", "custom-tool"):
        assert judge(named(name).apply(stream(source))).message == judge(stream(source)).message


def test_a_refusal_is_a_whole_response() -> None:
    """A fault that puts another response in the place of the stream has its status, its type and its end."""
    broken = named("refused-string").apply(replace(stream("one-call"), end=End.RESET))
    assert (broken.body, broken.end) == (b'{"error":"Rate limit reached"}', End.EOF)
    request_id = (stream("one-call").head or Head(200)).headers[1]
    assert broken.head == Head(429, (("content-type", "application/json"), request_id))


# Whatever the stream.

json_oddities: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, "", "0", "x", [], {}, [None], [[]], [{}], {"a": 1}, "\ud800"]
)


def places(value: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the ways to everything in a JSON value."""
    match value:
        case dict():
            inner = [places(member, (*way, key)) for key, member in value.items()]
        case list():
            inner = [places(member, (*way, number)) for number, member in enumerate(value)]
        case _:
            inner = []
    return ([way] if way else []) + [place for one in inner for place in one]


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(sorted(path.stem for path in STREAMS.glob("*.sse"))), st.data())
def test_a_fault_applies_or_says_that_it_does_not(name: str, draw: st.DataObject) -> None:
    """Some value somewhere in the stream or the request is odd, and no fault stumbles over it."""
    exchange = stream(name)
    events = exchange.body.split(b"\n\n")
    number = draw.draw(st.sampled_from([n for n, event in enumerate(events) if event.startswith((b"data: {", b"{"))]))
    prefix = events[number][: events[number].index(b"{")]
    chunk = json.loads(events[number][len(prefix) :])
    request = copy.deepcopy(exchange.request)
    for value in (chunk, request):
        *way, last = draw.draw(st.sampled_from(places(value)))
        inner = value
        for step in way:
            inner = inner[step]  # type: ignore[index]  # the way leads through objects and arrays only
        inner[last] = draw.draw(json_oddities)  # type: ignore[index]  # as above
    events[number] = prefix + json.dumps(chunk).encode()
    odd = replace(exchange, body=b"\n\n".join(events), request=request)
    for fault in FAULTS:
        with suppress(InapplicableError):
            assert fault.apply(odd) != odd


# What they say of themselves.


def test_an_unknown_fault_is_refused() -> None:
    """A name that no fault has is the operator's mistake."""
    with pytest.raises(UnknownNameError) as caught:
        named("name-nul")
    assert str(caught.value) == "there is no fault 'name-nul'. Did you mean name-null?"
    for words, told in (
        ("zzz", "there is no fault 'zzz'. `deltaproof faults` lists them"),
        ("name-null,", "there is no fault ''. `deltaproof faults` lists them"),
        ("zzz-*", "no fault is called 'zzz-*'. `deltaproof faults` lists them"),
    ):
        with pytest.raises(UnknownNameError) as caught:
            chosen(words)
        assert str(caught.value) == told


def test_faults_have_names_of_their_own_and_say_what_they_do() -> None:
    """Names are words with hyphens; what a fault does, and why it brings what it must, are sentences."""
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))
    assert [name for name in names if not WORDS.fullmatch(name)] == []
    sentences = [sentence for fault in FAULTS for sentence in (fault.does, *fault.also.values())]
    assert [sentence for sentence in sentences if not (sentence[0].isupper() and sentence.endswith("."))] == []
