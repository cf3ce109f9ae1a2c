"""Facts about `deltaproof replay --to`: what is sent, what is told of the answers, and what is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.cassette import read_path, write_cassette
from deltaproof.drive.llamacpp.llamacpp import LlamaServer
from deltaproof.exchange import End, Exchange, Head
from deltaproof.faults import named
from tests.cli.command import Ran, deltaproof
from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, Running, Script, piece, refusal, response, serving
from tests.snapshot.streams import recorded
from tests.snapshot.test_file import validator

SENT = b'{ "stream":true,"model" : "old","messages":[{"role":"user","content":"caf\\u00e9 \xc3\xa9"}], "x":1.50 }'
REQUEST = json.loads(SENT)


def saying(*exchanges: Exchange, end: bytes | Act = STREAM_END) -> Script:
    """Return a script that answers requests for a stream with these, one after the other, and lists a model."""
    left = iter(exchanges)

    def script(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "GET":
            yield response(b'{"object":"list","data":[{"id":"new"}]}')
        elif "messages" not in asked.json:
            yield refusal("messages is missing")
        else:
            yield STREAM_HEAD
            body = next(left).body
            for event in body.split(b"\n\n")[:-1]:
                yield piece(event + b"\n\n")
            yield end

    return script


def cassette(path: Path, *exchanges: Exchange) -> Path:
    """Write streams as a cassette, each asked for with the same odd bytes."""
    asked = {"request": REQUEST, "sent": SENT, "method": "POST", "url": "http://h/v1/chat/completions"}
    write_cassette(path, [replace(one, **asked) for one in exchanges], provenance={})
    return path


def plain(name: str) -> Exchange:
    """Return a stream of the tests with the content-type that the script sends."""
    exchange = recorded(name)
    head = exchange.head
    assert head
    return replace(exchange, head=replace(head, headers=(("Content-Type", "text/event-stream"),)))


def replay(path: Path, server: Running, *options: str | Path, columns: int = 200) -> Ran:
    """Run the command; blanks at the ends of lines do not count."""
    ran = deltaproof("replay", path.name, "--to", server.url, *options, cwd=path.parent, columns=columns)
    return ran._replace(out="".join(f"{line.rstrip()}\n" for line in ran.out.splitlines()))


def test_what_is_sent_is_what_was_sent(tmp_path: Path) -> None:
    """Byte for byte; the answer is as recorded; exit 0."""
    path = cassette(tmp_path / "a.yaml", plain("text"))
    with serving(saying(plain("text"))) as server:
        ran = replay(path, server)
    assert ran == (0, "1 exchange compared: 1 as recorded\n", "")
    assert [asked.body for asked in server.asked if b"stream" in asked.body] == [SENT]


def test_the_model_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """Spaces, escapes, digits and order stay as they were sent."""
    path = cassette(tmp_path / "a.yaml", plain("text"))
    with serving(saying(plain("text"))) as server:
        assert replay(path, server, "--model", "new").code == 0
    assert server.asked[-1].body == SENT.replace(b'"old"', b'"new"')


def test_a_request_that_is_no_utf_8_is_sent_as_it_was(tmp_path: Path) -> None:
    """How a server takes one is worth recording; there is no model in it to replace."""
    sent = SENT.replace(b"\xc3", b"")
    write_cassette(tmp_path / "a.yaml", [replace(plain("text"), request=None, sent=sent)], provenance={})
    with serving(lambda _: [refusal("no UTF-8")]) as server:
        replay(tmp_path / "a.yaml", server, "--model", "new")
    assert server.asked[-1].body == sent


def test_a_scenario_that_names_a_model_keeps_it(tmp_path: Path) -> None:
    """What a server says to an unknown model is not asked of a known one."""
    path = cassette(tmp_path / "a.yaml", replace(plain("text"), scenario="refuse-unknown-model"))
    with serving(saying(plain("text"))) as server:
        assert replay(path, server, "--model", "new").code == 0
    assert server.asked[-1].body == SENT


def test_a_server_that_knows_no_such_model_is_compared_all_the_same(tmp_path: Path) -> None:
    """It was asked for a model on purpose that is none; only one that lacks the target's model is not compared."""
    told = refusal("there is no such model", status="404 Not Found")
    refused = replace(
        plain("text"), body=told.partition(b"\r\n\r\n")[2], head=Head(404, (("Content-Type", "application/json"),))
    )
    path = cassette(tmp_path / "a.yaml", replace(refused, reads=(), scenario="refuse-unknown-model"))

    def script(asked: Asked) -> list[bytes | Act]:
        return [told if "messages" in asked.json else refusal("messages is missing")]

    with serving(script) as server:
        assert replay(path, server, "--model", "new") == (0, "1 exchange compared: 1 as recorded\n", "")
        other = replay(path, server, "--model", "old")
    assert other.code == 2
    assert "the endpoint has no model 'old', status 404: there is no such model" in other.err


def test_news_is_told_in_words_and_new_findings_in_full(tmp_path: Path) -> None:
    """A deviation that the recording had is no news, one that it had not is, and exit 1; the other answer is the same."""
    old = named("id-repeated").apply(plain("one-call"))
    path = cassette(tmp_path / "a.yaml", plain("text"), old)
    with serving(saying(plain("text"), named("name-null").apply(old))) as server:
        ran = replay(path, server)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        "a.yaml#1  changed\n"
        '  ≠ "arguments of call 0" now comes with name null\n'
        "  ✗ the rule tool-call-continuation-name now deviates (was conforms): the name as null\n"
        "\n"
        "New findings\n"
        "\n" + ran.out.partition("New findings\n\n")[2]
    )
    full = ran.out.partition("New findings\n\n")[2].splitlines()
    assert full[:3] == [
        "! warning  tool-call-continuation-name  the name as null",
        "  found  the name is there again, as null",
        "  where  a.yaml#1, event 2, body byte 447, choice 0, call 0 (10 times, last in event 11)",
    ]
    assert "tool-call-continuation-id" not in ran.out
    assert full[-1] == "2 exchanges compared: 1 as recorded, 1 changed"


def test_a_repaired_server_is_told_too(tmp_path: Path) -> None:
    """The rule conforms now; that the shape is another makes it exit 1, for a recording is to be made anew."""
    path = cassette(tmp_path / "a.yaml", named("name-null").apply(plain("one-call")))
    with serving(saying(plain("one-call"))) as server:
        ran = replay(path, server)
    assert ran == (
        1,
        (
            "a.yaml  changed\n"
            '  ≠ "arguments of call 0" no longer comes with name null\n'
            "  · the rule tool-call-continuation-name now conforms (was deviates: the name as null)\n"
            "1 exchange compared: 1 changed\n"
        ),
        "",
    )


def test_answers_are_written_byte_for_byte(tmp_path: Path) -> None:
    """A cassette for each recording, under its name, with the request as sent; what is there is not replaced."""
    answers = (plain("text"), named("name-null").apply(plain("one-call")))
    path = cassette(tmp_path / "old/a.yaml", *answers)
    with serving(saying(*answers)) as server:
        assert replay(path, server, "--record", tmp_path / "new").code == 0
        again = replay(path, server, "--record", tmp_path / "new")
    written = [one for one in read_path(tmp_path / "new/a.yaml") if isinstance(one, Exchange)]
    assert [(one.body, one.sent, one.end) for one in written] == [(one.body, SENT, End.EOF) for one in answers]
    there = tmp_path / "new/a.yaml"
    assert again == (2, "", f"deltaproof: {there}: a recording is there already. Name another folder\n")


def test_a_stream_that_breaks_is_compared_as_far_as_it_came(tmp_path: Path) -> None:
    """How it ended is news; a connection that is closed without a response too."""
    path = cassette(tmp_path / "a.yaml", plain("text"))
    with serving(saying(plain("text"), end=Act.CUT)) as server:
        ran = replay(path, server)
    assert (ran.code, ran.out.splitlines()[:2]) == (1, ["a.yaml  changed", "  ≠ the body now ends cut (was properly)"])

    def silent(asked: Asked) -> Iterator[bytes | Act]:
        if asked.method == "GET" or "messages" not in asked.json:
            yield from saying()(asked)
        else:
            yield Act.CUT

    with serving(silent) as server:
        ran = replay(path, server)
    assert ran == (
        1,
        "a.yaml  unanswered\n  ✗ the connection was closed before a response came\n1 exchange compared: 1 unanswered\n",
        "",
    )


def test_where_the_recorded_client_left_this_one_leaves(tmp_path: Path) -> None:
    """A recording that its client ended is no difference to a server that would go on."""
    whole = plain("text")
    left = replace(whole, body=whole.body[: len(whole.body) // 2], end=End.CLIENT_GONE)
    path = cassette(tmp_path / "a.yaml", left)
    with serving(saying(whole)) as server:
        assert replay(path, server) == (0, "1 exchange compared: 1 as recorded\n", "")


def test_a_recording_without_its_request_is_named(tmp_path: Path) -> None:
    """It is not sent; where nothing is, the exit code is 2."""
    (tmp_path / "bare.sse").write_bytes(recorded("text").body)
    with serving(saying()) as server:
        ran = replay(tmp_path / "bare.sse", server)
    assert ran == (
        2,
        "bare.sse  not sent\n  · its request is not in the recording\n1 exchange compared: 1 not sent\n",
        "",
    )


@pytest.mark.parametrize(
    ("url", "options", "line"),
    [
        ("http://127.0.0.1:1/v1", (), "http://127.0.0.1:1/v1: nothing listens there: the connection was refused. Is"),
        ("127.0.0.1:1", (), "127.0.0.1:1: this is no URL of an endpoint. Write http://127.0.0.1:1"),
        ("http://127.0.0.1:1", ("--api-key-env", "NOT_SET"), "NOT_SET: no key is in this environment variable."),
        ("http://127.0.0.1:1", ("--profile", "none"), "there is no profile 'none'"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, url: str, options: tuple[str, ...], line: str) -> None:
    """Nobody there, no URL, no key, no profile: exit 2."""
    cassette(tmp_path / "a.yaml", plain("text"))
    ran = deltaproof("replay", "a.yaml", "--to", url, *options, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"deltaproof: {line}")


def test_a_key_that_is_refused_is_one_line(tmp_path: Path) -> None:
    """As with run."""
    path = cassette(tmp_path / "a.yaml", plain("text"))
    with serving(lambda _: [refusal("who are you", "401 Unauthorized")]) as server:
        ran = replay(path, server)
    assert ran == (
        2,
        "",
        (
            f"deltaproof: {server.url}: a key is wanted, status 401: who are you."
            " Name the environment variable that holds it: --api-key-env NAME\n"
        ),
    )


def test_one_of_to_and_steps_is_wanted(tmp_path: Path) -> None:
    """Neither and both are wrong usage."""
    cassette(tmp_path / "a.yaml", plain("text"))
    neither = deltaproof("replay", "a.yaml", cwd=tmp_path)
    both = deltaproof("replay", "a.yaml", "--to", "http://127.0.0.1:1", "--steps", cwd=tmp_path)
    assert [(ran.code, ran.err.splitlines()[-1]) for ran in (neither, both)] == [
        (2, "Error: give one of --to URL, --through URL, --steps and --accumulator NAME"),
        (2, "Error: --to and --steps do not go together: give one of them"),
    ]


def test_llama_cpp_does_again_what_it_did(tmp_path: Path, llamacpp: LlamaServer) -> None:
    """A run is recorded, kept, run again and sent again: four comparisons, and no difference."""
    for folder in ("a", "b"):
        options = ("--model", llamacpp.model, "--record", folder, "--scenario", "*calls*", "--scenario", "hang-up")
        deltaproof("run", "-q", llamacpp.base_url, *options, cwd=tmp_path)
    deltaproof("snapshot", "a", "--update", cwd=tmp_path)
    assert deltaproof("diff", "a", "b", cwd=tmp_path) == (0, "7 exchanges compared: 7 same\n", "")
    assert deltaproof("diff", "a/snapshot.yaml", "b", cwd=tmp_path).code == 0
    assert deltaproof("snapshot", "a", cwd=tmp_path).code == 0
    ran = deltaproof("replay", "a", "--to", llamacpp.base_url, "--format", "json", cwd=tmp_path)
    report = json.loads(ran.out)
    validator("comparison.json").validate(report)
    assert (ran.code, report["totals"]["same"]) == (0, 7)
