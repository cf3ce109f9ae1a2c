"""The demo's server: llama.cpp with the tiny model says what it is made to say, and never outlives who started it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from deltaproof.drive.llamacpp.llamacpp import LlamaServer, missing_packages, running_llama_server
from deltaproof.drive.llamacpp.tinymodel import write_tiny_model
from deltaproof.errors import DeltaproofError

needs_the_extra = pytest.mark.skipif(
    bool(missing_packages()), reason="the extra is missing: pip install 'deltaproof[demo]'"
)

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location"],
        },
    },
}
NOTE = {
    "type": "function",
    "function": {
        "name": "save_note",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    },
}
PARIS = {"role": "user", "content": "What is the weather in Paris?"}
SENTENCE = re.compile(r"(Today|Right now|This morning)( [a-z]+){5,7}\.")


@dataclass
class Choice:
    """What one choice of a stream adds up to: text, calls as pairs of name and arguments, the reason of the end."""

    content: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    finish_reason: str | None = None


def ask(server: LlamaServer, *tools: object, **request: object) -> list[Choice]:
    """Post one streaming request at temperature 0 and add its chunks up; the stream has to end with [DONE]."""
    body = {"model": server.model, "stream": True, "temperature": 0, **({"tools": tools} if tools else {}), **request}
    response = httpx2.post(f"{server.base_url}/chat/completions", json=body, timeout=60)
    assert response.status_code == 200, response.text
    *events, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    choices: dict[int, Choice] = {}
    for event in events:
        for delta in json.loads(event.removeprefix("data: "))["choices"]:
            choice = choices.setdefault(delta["index"], Choice())
            choice.content += delta["delta"].get("content") or ""
            choice.finish_reason = delta["finish_reason"] or choice.finish_reason
            for call in delta["delta"].get("tool_calls", ()):
                if "name" in call["function"]:
                    choice.calls.append((call["function"]["name"], ""))
                name, arguments = choice.calls[call["index"]]
                choice.calls[call["index"]] = (name, arguments + call["function"]["arguments"])
    return [choices[index] for index in sorted(choices)]


@needs_the_extra
def test_a_seed_decides_every_byte_of_the_model(tmp_path: Path) -> None:
    """The same seed gives the same bytes, another seed others."""
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        write_tiny_model(tmp_path / name, seed)
    one, again, two = ((tmp_path / name).read_bytes() for name in ("one", "again", "two"))
    assert one == again
    assert one != two
    assert one.startswith(b"GGUF")


def test_a_running_server_says_what_it_is(llamacpp: LlamaServer) -> None:
    """Its address is on the loopback, its version that of the wheel, and it lists the model that it names."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", llamacpp.base_url)
    assert re.fullmatch(r"llama\.cpp \(xllamacpp [\w.]+\)", llamacpp.version)
    models = httpx2.get(f"{llamacpp.base_url}/models").json()["data"]
    assert [model["id"] for model in models] == [llamacpp.model] == ["deltaproof-tiny"]


def test_without_tools_it_speaks_one_sentence(llamacpp: LlamaServer) -> None:
    """A plain question gets a short text and a stop."""
    [choice] = ask(llamacpp, messages=[{"role": "user", "content": "Hello"}])
    assert SENTENCE.fullmatch(choice.content)
    assert choice == Choice(choice.content, [], "stop")


def test_empowers_example_gives_its_two_calls(llamacpp: LlamaServer) -> None:
    """San Francisco and Los Angeles in Celsius: two parallel calls with the arguments that the question asks for."""
    question = "What's the weather in San Francisco and Los Angles in Celsius?"
    assert ask(llamacpp, WEATHER, messages=[{"role": "user", "content": question}]) == [
        Choice(
            "",
            [
                ("get_current_weather", '{"location":"San Francisco, CA","unit":"celsius"}'),
                ("get_current_weather", '{"location":"Los Angeles, CA","unit":"celsius"}'),
            ],
            "tool_calls",
        )
    ]


def test_two_choices_answer_one_request(llamacpp: LlamaServer) -> None:
    """With n = 2 there are two choices, and each of them calls."""
    call = ("get_current_weather", '{"location":"San Francisco, CA"}')
    assert ask(llamacpp, WEATHER, messages=[PARIS], n=2) == [Choice("", [call], "tool_calls")] * 2


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_a_sentence_comes_first_where_it_is_asked_for(llamacpp: LlamaServer, choice: str) -> None:
    """Text, then a call, in one message, whether the call is free or forced."""
    say = {"role": "system", "content": "Say what you are going to do, before you do it."}
    [spoken] = ask(llamacpp, WEATHER, messages=[say, PARIS], tool_choice=choice)
    assert SENTENCE.fullmatch(spoken.content)
    assert spoken.calls == [("get_current_weather", '{"location":"San Francisco, CA"}')]


def test_odd_characters_arrive_whole(llamacpp: LlamaServer) -> None:
    """Quotes, backslashes, newline, other scripts, an emoji and the closing tag survive being cut into tokens."""
    [choice] = ask(llamacpp, NOTE, messages=[{"role": "user", "content": "A note with an emoji."}])
    [(name, arguments)] = choice.calls
    assert name == "save_note"
    assert json.loads(arguments) == {"text": 'Say "hi" at C:\\temp\nthen 東京 café 🌧 </tool_call> end'}


@pytest.mark.parametrize(("size", "least", "most"), [("10 KB", 10_000, 10_500), ("50 KB", 50_000, 52_000)])
def test_long_arguments_are_as_long_as_asked_for(llamacpp: LlamaServer, size: str, least: int, most: int) -> None:
    """The model writes as many pages as the size takes, then ends by itself."""
    [choice] = ask(llamacpp, NOTE, messages=[{"role": "user", "content": f"A note of {size}."}])
    [(_, arguments)] = choice.calls
    assert choice.finish_reason == "tool_calls"
    assert least <= len(json.loads(arguments)["text"]) <= most


def test_a_tools_reply_is_answered_in_words(llamacpp: LlamaServer) -> None:
    """A call sent back with its reply ends in a sentence, not in another call."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_current_weather", "arguments": "{}"}}
    history = [
        PARIS,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"temperature": 18}'},
    ]
    [choice] = ask(llamacpp, WEATHER, messages=history)
    assert SENTENCE.fullmatch(choice.content)
    assert choice == Choice(choice.content, [], "stop")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra there is one clear line instead of a traceback."""
    for package in ("gguf", "numpy", "xllamacpp"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeltaproofError) as caught, running_llama_server():
        pass
    assert str(caught.value) == (
        "llama.cpp's server needs what is not installed: gguf, numpy, xllamacpp. pip install 'deltaproof[demo]'"
    )


@needs_the_extra
def test_a_start_that_takes_too_long_is_told() -> None:
    """A server that is not healthy in time is ended and reported with its last words."""
    with pytest.raises(DeltaproofError) as caught, running_llama_server(patience=0.001):
        pass
    assert str(caught.value) == "llama.cpp's server did not start. It said nothing"


# A parent that starts a server, tells its process id and that of a fork, and ends as the line says that it then reads.
PARENT = """
import os, signal, sys
from deltaproof.drive.llamacpp.llamacpp import running_llama_server

with running_llama_server() as server:
    fork = None
    if sys.argv[1] == "forks":
        fork = os.fork()
        if fork == 0:
            signal.pause()
    print(server.pid, fork, flush=True)
    if sys.stdin.readline() == "raise\\n":
        raise RuntimeError("the block raises")
"""


@pytest.fixture
def parent(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Run PARENT in a process group of its own, its argument being the fixture's parameter."""
    command = [sys.executable, "-c", PARENT, getattr(request, "param", "forks not")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        yield process
        process.kill()


def returns(parent: subprocess.Popen[str]) -> None:
    """Let the parent leave its block."""
    parent.communicate("return\n")


def raises(parent: subprocess.Popen[str]) -> None:
    """Let the parent's block raise."""
    parent.communicate("raise\n")


def is_interrupted(parent: subprocess.Popen[str]) -> None:
    """Do what Ctrl-C does: interrupt the parent and all that it started; again where it was about to read just then.

    A signal between Python's last look for one and the system call is seen only when that returns.
    """
    while parent.poll() is None:
        os.killpg(parent.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            parent.wait(2)


def is_terminated(parent: subprocess.Popen[str]) -> None:
    """Ask the parent to end, which Python does without unwinding."""
    parent.terminate()


def is_killed(parent: subprocess.Popen[str]) -> None:
    """End the parent without its knowing."""
    parent.kill()


@contextmanager
def watching(pid: int) -> Iterator[Callable[[float], bool]]:
    """Give a function that waits some seconds for the end of a process, and tells whether it came."""
    descriptor = os.pidfd_open(pid)
    try:
        yield lambda seconds: bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


@needs_the_extra
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for the process of another needs Linux's pidfd")
@pytest.mark.parametrize("the_parent", [returns, raises, is_interrupted, is_terminated, is_killed])
def test_the_server_ends_when_its_parent(
    parent: subprocess.Popen[str], the_parent: Callable[[subprocess.Popen[str]], None]
) -> None:
    """However the parent ends, the server does too, and first it runs."""
    assert parent.stdout
    with watching(int(parent.stdout.readline().split()[0])) as ended_within:
        assert not ended_within(0)
        the_parent(parent)
        assert ended_within(10)


@needs_the_extra
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for the process of another needs Linux's pidfd")
@pytest.mark.parametrize("parent", ["forks"], indirect=True)
def test_a_fork_of_the_parent_does_not_keep_the_server_alive(parent: subprocess.Popen[str]) -> None:
    """A child that the parent forked holds the server's input open, and still the server ends with the parent."""
    assert parent.stdout
    server, fork = (int(pid) for pid in parent.stdout.readline().split())
    try:
        with watching(server) as ended_within:
            parent.kill()
            assert ended_within(10)
    finally:
        os.kill(fork, signal.SIGKILL)


@needs_the_extra
def test_the_server_lives_on_its_input_and_not_on_ctrl_c() -> None:
    """An interrupt leaves it serving; the end of its standard input ends it, while its parent lives on."""
    command = [sys.executable, "-m", "deltaproof.drive.llamacpp.llamacpp"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdin
            assert process.stdout
            server = LlamaServer(**json.loads(process.stdout.readline()))
            assert server.pid == process.pid
            process.send_signal(signal.SIGINT)
            assert SENTENCE.fullmatch(ask(server, messages=[{"role": "user", "content": "Hello"}])[0].content)
            process.stdin.close()
            assert process.wait(10) == 0
        finally:
            process.kill()
