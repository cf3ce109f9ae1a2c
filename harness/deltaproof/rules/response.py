"""Rules about the response as a whole: status, media type, error body, the plain answer to the same request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.exchange import End, Head
from deltaproof.rules.framing import is_whole_body
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Choice, Place, Transcript
from deltaproof.stream.strict import in_brief, parse

_REFUSED = 400  # this status and all above refuse


def _is_refused(transcript: Transcript) -> bool:
    """Tell whether the status refuses the request, False where it is not known."""
    return transcript.head is not None and transcript.head.status >= _REFUSED


def _text(body: bytes | None) -> str:
    """Return a body for a person, its beginning only."""
    return (body or b"").strip()[:400].decode(errors="replace")


def _is_plain_error(transcript: Transcript) -> bool:
    """Tell whether the body is no stream but the JSON text of an error."""
    if transcript.plain_body is not None:
        return "error" in _object(parse(transcript.plain_body).value)
    return not transcript.streamed and any(is_whole_body(error.event) for error in transcript.errors)


@rule("http-status-split", each=Transcript, when=lambda transcript: transcript.size > 0)
def status_split(transcript: Transcript) -> Iterator[Deviation]:
    """Look for an error where the status has promised a stream and no chunk has come; a refusal says what it is."""
    if transcript.head is None or _is_refused(transcript) or transcript.streamed:
        return
    status, text = transcript.head.status, _text(transcript.plain_body) or None
    if _is_plain_error(transcript):
        yield Deviation("error-in-200", transcript.place, f"status {status} comes with an error for its body", text)
    elif transcript.errors:
        yield Deviation("error-in-200", transcript.errors[0].place, f"after status {status} comes nothing but an error")


def _is_whole_refusal(transcript: Transcript) -> bool:
    """Tell whether a refusal's body is there from its beginning to its end."""
    is_whole = transcript.end is End.EOF and len(transcript.plain_body or b"") == transcript.size
    return _is_refused(transcript) and is_whole


@rule("http-error-body", each=Transcript, when=_is_whole_refusal)
def error_body(transcript: Transcript) -> Iterator[Deviation]:
    """Descend into the body of a refusal, and stop at the first thing that is not there."""
    text, place = _text(transcript.plain_body), transcript.place
    value, _, detail = parse(transcript.plain_body or b"")
    if not isinstance(value, dict):
        yield Deviation("not-json", place, f"the body is not one JSON object: {detail}", text)
        return
    error = value.get("error")
    if not isinstance(error, dict):
        found = f"error is {in_brief(error)}, no object" if "error" in value else "the body has no error object"
        yield Deviation("no-error", place, found, text)
        return
    message = error.get("message")
    if not (isinstance(message, str) and message):
        yield Deviation("no-message", place, f"error.message is {in_brief(message)}", text)
    if missing := [key for key in ("type", "param", "code") if key not in error]:
        yield Deviation("missing-key", place, f"the error has no {', no '.join(missing)}", text)
    for key in ("type", "param", "code"):
        may_be_null = key != "type"
        if key in error and not (isinstance(error[key], str) or (may_be_null and error[key] is None)):
            yield Deviation("wrong-type", place, f"error.{key} is {in_brief(error[key])}", text)


def _was_to_stream(transcript: Transcript) -> bool:
    """Tell whether the response was to be a stream and there is something to tell its kind by."""
    is_plain_wish = transcript.request is not None and not transcript.request.streams
    has_words = transcript.head is None or transcript.head.headers or transcript.plain_body
    is_answer = not (_is_refused(transcript) or _is_plain_error(transcript))
    return transcript.size > 0 and bool(has_words) and not is_plain_wish and is_answer


@rule("http-content-type", each=Transcript, when=_was_to_stream)
def content_type(transcript: Transcript) -> Iterator[Deviation]:
    """Look at the body where it is no stream, otherwise at what the header says of it."""
    body, place = (transcript.plain_body or b"").strip(), transcript.place
    if body[:1] in (b"{", b"[", b"<"):
        if parse(body).value is not None:
            yield Deviation("plain-answer", place, "the body is one JSON object and no stream", _text(body))
        else:
            yield Deviation("not-a-stream", place, "the body is neither a stream nor one JSON object", _text(body))
    elif transcript.head is None:
        yield Deviation("media-type", place, "the headers are not known")  # undecided: the case needs them
    else:
        yield from _header(transcript.head, transcript)


def _header(head: Head, transcript: Transcript) -> Iterator[Deviation]:
    """Compare the Content-Type of a body that is a stream."""
    sent = head.get("content-type")
    if sent is None:
        yield Deviation("media-type", transcript.place, "there is no Content-Type header")
        return
    media_type, *parameters = (part.strip().lower() for part in sent.split(";"))
    if media_type != "text/event-stream":
        yield Deviation("media-type", transcript.place, f"the Content-Type of the stream is {sent!r}", sent)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(" \"'") not in ("utf-8", "utf8"):
            yield Deviation("charset", transcript.place, f"the Content-Type of the stream is {sent!r}", sent)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _messages(answer: Mapping[str, object] | None) -> dict[int, Mapping[str, object]]:
    """Return the choices of a plain answer by index."""
    choices = (answer or {}).get("choices")
    found: dict[int, Mapping[str, object]] = {}
    for position, element in enumerate(choices if isinstance(choices, list) else []):
        index = _object(element).get("index", position)
        found[index if isinstance(index, int) else position] = _object(element)
    return found


def _is_comparable(transcript: Transcript) -> bool:
    """Tell whether a plain answer is there, and a stream that came to its end."""
    came_to_end = transcript.streamed and not transcript.errors and transcript.end is End.EOF
    return came_to_end and bool(_messages(transcript.answer))


@rule("parity-with-non-stream", each=Transcript, when=_is_comparable)
def parity(transcript: Transcript) -> Iterator[Deviation]:
    """Compare each choice with the one of its index in the plain answer: its ending, its calls, whether it has text."""
    answered = _messages(transcript.answer)
    for choice in transcript.choices:
        if choice.index in answered:
            yield from _differences(choice, answered[choice.index])


def _differences(choice: Choice, plain: Mapping[str, object]) -> Iterator[Deviation]:
    message, place = _object(plain.get("message")), choice.place
    if choice.finish != plain.get("finish_reason"):
        yield _difference("finish-reason", place, "finish_reason", choice.finish, plain.get("finish_reason"))
    answered = _calls(message.get("tool_calls"))
    streamed = [(call.name, _kind_of(str(call.arguments))) for call in choice.calls]
    if [name for name, _ in streamed] != [name for name, _ in answered]:
        names = ([name for name, _ in side] for side in (streamed, answered))
        yield _difference("calls", place, "the list of calls", *names)
    elif streamed != answered:
        kinds = ([kind for _, kind in side] for side in (streamed, answered))
        yield _difference("arguments", place, "what the arguments are", *kinds)
    texts = bool(str(choice.content or "")), bool(message.get("content"))
    if texts[0] != texts[1]:
        yield _difference("content", place, "whether there is text", *texts)


def _difference(case: str, place: Place, what: str, streamed: object, answered: object) -> Deviation:
    shown = f"{what}: {in_brief(streamed)} in the stream, {in_brief(answered)} in the plain answer"
    return Deviation(case, place, shown)


def _calls(tool_calls: object) -> list[tuple[object, str]]:
    """Return name and kind of arguments of each call of a plain answer."""
    found = []
    for element in tool_calls if isinstance(tool_calls, list) else []:
        call = _object(_object(element).get("function")) or _object(_object(element).get("custom"))
        found.append((call.get("name"), _kind_of(call.get("arguments", call.get("input")))))
    return found


def _kind_of(arguments: object) -> str:
    """Say what arguments are, apart from their values."""
    if not isinstance(arguments, str):
        return "no text"
    if not arguments:
        return "empty"
    return "an object" if parse(arguments.encode(errors="replace")).value is not None else "no object"


RULES = (status_split, error_body, content_type, parity)
