"""`make bench`: what judging costs, as ratios within one run, the goals beside them. Asserts nothing."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx2
import openai
import orjson

from deltaproof.exchange import Exchange
from deltaproof.sse import Decoder
from deltaproof.verdict import judge

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.corpus import CORPUS, recorded_streams

CHUNKS = 20_000
ROUNDS = 5


def long_stream(chunks: int) -> bytes:
    """Return one tool call whose arguments come in many chunks, shaped as OpenAI sends them."""
    head = '{"id":"chatcmpl-9xkQ2","object":"chat.completion.chunk","created":1721075651,"model":"gpt-4o-2024-08-06",'
    head += '"system_fingerprint":"fp_2a322c9ffc","choices":[{"index":0,"delta":'
    call = '{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function",'
    deltas = [call + '"function":{"name":"write","arguments":"{\\"text\\":\\""}}]}']
    for number in range(chunks):
        fragment = f"word {number} " if number % 20 else "line\\\\n"
        deltas.append('{"tool_calls":[{"index":0,"function":{"arguments":"' + fragment + '"}}]}')
    deltas.append('{"tool_calls":[{"index":0,"function":{"arguments":"\\"}"}}]}')
    events = [f'data: {head}{delta},"logprobs":null,"finish_reason":null}}]}}' for delta in deltas]
    events += [f'data: {head}{{}},"logprobs":null,"finish_reason":"tool_calls"}}]}}', "data: [DONE]", ""]
    return "\n\n".join(events).encode()


def judge_all(bodies: Sequence[bytes]) -> None:
    """Judge bodies one after the other."""
    for body in bodies:
        judge(Exchange(source="", body=body))


def parse_all(events: Sequence[bytes]) -> None:
    """Parse events one after the other and keep none."""
    for event in events:
        orjson.loads(event)


def raw_loop(body: bytes) -> None:
    """Read a body with openai-python, the network left out."""
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    client = openai.OpenAI(
        api_key="unused",
        base_url="http://127.0.0.1/v1",
        http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: answer)),
    )
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    for _ in stream:
        pass


def parsable(bodies: Sequence[bytes]) -> list[bytes]:
    """Return the data of all events that are JSON."""
    events = []
    for body in bodies:
        decoder = Decoder()
        for event in decoder.feed(body) + decoder.close():
            try:
                orjson.loads(event.data or b"")
            except orjson.JSONDecodeError:
                continue
            events.append(event.data or b"")
    return events


def ratio(one: Callable[[], None], other: Callable[[], None], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the median ratio of two timings, taken in turn so that a slow machine slows both, and one's best time."""
    ratios, best = [], float("inf")
    for _ in range(rounds):
        times = []
        for work in (one, other):
            gc.collect()
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
        best = min(best, times[0])
    return statistics.median(ratios), best


def peak_per_megabyte(body: bytes) -> float:
    """Return the peak of memory while judging, in bytes per byte of stream, the stream itself not counted."""
    judge(Exchange(source="", body=body[:100_000]))
    tracemalloc.start()
    judge(Exchange(source="", body=body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(body)


def start_up() -> float:
    """Return the seconds that `deltaproof --help` takes, the best of several."""
    best = float("inf")
    for _ in range(ROUNDS * 2):
        start = time.perf_counter()
        subprocess.run([Path(sys.executable).with_name("deltaproof"), "--help"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        best = min(best, time.perf_counter() - start)
    return best


def line(name: str, figure: float, unit: str, goal: str = "", *, met: bool = True) -> None:
    """Print one figure with its goal, and whether it is met."""
    told = f"   goal {goal}{'' if met else ', missed'}" if goal else ""
    print(f"{name:<56} {figure:>8.{2 if figure < 10 else 0}f} {unit:<5}{told}", flush=True)  # noqa: PLR2004 - digits


def main() -> None:
    """Measure everything and print it."""
    body = long_stream(CHUNKS)
    events = parsable([body])
    found, seconds = ratio(lambda: judge_all([body]), lambda: parse_all(events))
    line(f"judging {CHUNKS:,} chunks / orjson parsing them", found, "times", "at most 3", met=found <= 3)  # noqa: PLR2004
    line("  per event", seconds / len(events) * 1e6, "µs")
    if CORPUS.is_dir():
        bodies = [recorded.exchange.body for recorded in recorded_streams()]
        events = parsable(bodies)
        found, seconds = ratio(lambda: judge_all(bodies), lambda: parse_all(events))
        line(f"judging {len(bodies)} recorded streams / orjson", found, "times", "at most 3", met=found <= 3)  # noqa: PLR2004
        line("  per stream", seconds / len(bodies) * 1e6, "µs")
    else:
        print("judging recorded streams: left out, there is no ../shared/corpus here")
    found, _ = ratio(lambda: raw_loop(body), lambda: judge_all([body]), rounds=3)
    line("openai-python's raw loop / judging, same bytes", found, "times", "at least 20", met=found >= 20)  # noqa: PLR2004
    long, short = long_stream(CHUNKS * 16), long_stream(CHUNKS * 4)
    found, _ = ratio(lambda: judge_all([long]), lambda: judge_all([short]), rounds=3)
    line(f"judging {len(long) / 1e6:.0f} MB / {len(short) / 1e6:.0f} MB", found, "times", "about 4", met=found < 5)  # noqa: PLR2004
    line("peak memory per MB of stream", peak_per_megabyte(long_stream(CHUNKS * 2)), "MB")
    found = start_up()
    line("deltaproof --help", found, "s", "at most 0.15", met=found <= 0.15)  # noqa: PLR2004


if __name__ == "__main__":
    main()
