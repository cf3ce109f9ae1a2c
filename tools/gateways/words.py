"""What gateways do, in sentences that were looked up in the bytes, each bound to what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tools.gateways.measured import Measured


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence about a gateway, true for as long as this was said of it: a kind of remark, with rule and case if any.

    With a fault it was said of recordings that were broken so.
    """

    words: str
    said: str
    fault: str = ""

    def is_stale(self, measured: Measured) -> bool:
        """Tell whether it was measured no more."""
        if self.fault:
            return self.said not in measured.broken.get(self.fault, {})
        return self.said not in {f"{told.kind} {told.rule}".rstrip() for told in measured.told}


SENTENCES: Mapping[str, tuple[Sentence, ...]] = {
    "litellm": (
        Sentence(
            'A connection that is closed in order inside a call becomes `finish_reason: "stop"` and `[DONE]`: the'
            " client gets half of the arguments, and is told that this is all. A reset, and a body that ends before its"
            " last HTTP chunk, are told as an error.",
            "swallowed",
            "cut-clean",
        ),
        Sentence(
            "An error inside the stream is passed on where its event has an `error` member. Where only the event's"
            " name, its `object` or a line that is no data line tells of it, the stream ends with `stop`.",
            "swallowed",
            "error-event-name",
        ),
        Sentence(
            "Where nothing comes that it can read, it makes up an empty message that ends with `stop`. A 200 with no"
            " body becomes that: llama-cpp-python answers so where it fails before its first chunk.",
            "swallowed",
        ),
        Sentence(
            "A plain JSON answer to a request for a stream becomes an empty message that ends with `stop`.",
            "swallowed",
            "plain-answer",
        ),
        Sentence(
            "An error that comes as plain JSON with the status 200 becomes an empty message that ends with `stop`.",
            "swallowed",
            "error-in-200",
        ),
        Sentence(
            "Events without an empty line between them become an empty message that ends with `stop`.",
            "swallowed",
            "newline-single",
        ),
        Sentence(
            "An entry without an index gets the index 0. Of two calls whose continuations have none, the arguments of"
            " the second are added to those of the first, and the second is called with nothing.",
            "wrong-executable",
            "index-missing-later",
        ),
        Sentence(
            "An event with empty data, or with half of its JSON, ends the stream with an error.", "error", "data-empty"
        ),
        Sentence("With `n: 2` the `finish_reason` of the choice that ends last is lost.", "finish-lost"),
        Sentence(
            "It refuses a `tool_choice` of the type `allowed_tools` by itself, with 400: this is an error although the"
            " upstream would have answered.",
            "error",
        ),
        Sentence(
            "Its usage chunk has a choice in it, with an empty delta; that of OpenAI has none.",
            "deviates usage-chunk-choices-empty.shared",
        ),
        Sentence(
            "Members that are null are left out: `finish_reason` of every chunk but the last,",
            "deviates-note choice-finish-reason-value.absent",
        ),
        Sentence("`refusal` and `bytes` of logprobs.", "deviates choice-logprobs.partial"),
        Sentence("It writes `[DONE]` where the upstream forgets it,", "repaired done-sentinel.missing"),
        Sentence(
            "gives a call's first entry empty arguments where there are none,", "repaired arguments-open-empty.absent"
        ),
        Sentence("and keeps usage from clients that did not ask for it.", "repaired usage-default-absent.unasked"),
        Sentence("What is refused with 429 or 500 is asked for again, three times in all.", "asked-again"),
    ),
    "nginx": (
        Sentence(
            "Short streams come all at once: it waits until a buffer is full or the upstream has ended."
            " `proxy_buffering off`, or `X-Accel-Buffering: no` in the upstream's response, changes that, and for"
            " chunked responses also `proxy_http_version 1.1`, which nginx 1.30 has by itself.",
            "held-back",
        ),
        Sentence(
            "It asks with HTTP/1.0, where a body's end is the connection's. So a cut comes out as an end in order, and"
            " only what is missing tells of it. `proxy_http_version 1.1` changes that.",
            "end",
        ),
        Sentence(
            "What is in its buffers when the upstream resets the connection is thrown away; the stream ends inside an"
            " event.",
            "deviates sse-framing.unterminated",
            "cut-reset",
        ),
    ),
}
"""By the names of gateways. A sentence that begins in lower case goes on with the one before."""


def paragraphs(name: str, measured: Measured) -> list[str]:
    """Return what is to be said of a gateway, each a paragraph; what was measured no more is left out."""
    told: list[str] = []
    for sentence in SENTENCES.get(name, ()):
        if sentence.is_stale(measured):
            continue
        if told and not sentence.words[0].isupper():
            told[-1] = f"{told[-1]} {sentence.words}"
        else:
            told.append(sentence.words)
    return told


def stale(measured: Mapping[str, Measured]) -> list[str]:
    """Return the sentences that were measured no more, or are about a gateway that was not measured."""
    return [
        sentence.words
        for name, sentences in SENTENCES.items()
        for sentence in sentences
        if name not in measured or sentence.is_stale(measured[name])
    ]
