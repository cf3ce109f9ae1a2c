"""The first contact with a target: whether it is there, is the right address, and opens. Runs no scenario.

Two requests: a POST of an empty object, which every chat-completions endpoint refuses for what it lacks, and only once
the key was accepted; and a GET of the models, for their names and what the server is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deltaproof.drive.ask.wire import Answered, Ask, Unanswered, Wire
from deltaproof.drive.http.target import Target
from deltaproof.drive.http.trouble import Trouble
from deltaproof.errors import UnreachableError
from deltaproof.exchange import Exchange
from deltaproof.stream.strict import parse
from deltaproof.suite.checks import error_message

_HINTS = {
    Trouble.NO_HOST: "Check the host's name",
    Trouble.REFUSED: "Is the server running, and on this port?",
    Trouble.NO_ROUTE: "Check the address, and what stands between",
    Trouble.NO_TLS: "http:// may be meant",
    Trouble.TLS: "Name the certificate to trust in SSL_CERT_FILE; a server without TLS wants http://",
    Trouble.SILENT: "Is it the right port? --timeout gives a slow server more seconds",
    Trouble.CLOSED: "Is it the right port? A server with TLS wants https://",
    Trouble.NOT_HTTP: "Is it the right port? A server with TLS wants https://",
    Trouble.BUSY: "Come back later",
}
_SHOWN = 8
_ENOUGH = 2**20  # bytes; a server may take an empty object for a request, and never end
_EMPTY = Ask(request={}, enough=_ENOUGH)
_MODELS = Ask("/models", enough=_ENOUGH)


@dataclass(frozen=True, slots=True)
class Reached:
    """What the endpoint told of itself: its Server header, and the names of its models; empty where it did not."""

    server: str = ""
    models: tuple[str, ...] = ()


async def reach(wire: Wire, target: Target) -> Reached:
    """Find out whether there is a chat-completions endpoint that opens.

    Raises:
        UnreachableError: there is not, in one line that says why and what to do.
    """
    answer = await wire.send(_EMPTY, _forget)
    if isinstance(answer, Unanswered):
        # A server that breaks the connection over an empty object may be right about all else.
        listed = await wire.send(_MODELS, _forget) if answer.connected else answer
        if isinstance(listed, Unanswered):
            raise UnreachableError(answer.why, where=target.url, hint=_HINTS[answer.trouble])
        return _reached(listed.readable)
    raise_if_closed(target, answer.readable)
    listed = await wire.send(_MODELS, _forget)
    models = _reached(listed.readable) if isinstance(listed, Answered) else Reached()
    status = answer.readable.head.status if answer.readable.head else 0
    if (status in (404, 405) and not _is_about_the_model(answer.readable)) or "html" in _kind(answer.readable):
        raise UnreachableError(
            f"there is no chat-completions endpoint: POST {target.address('/chat/completions')} was answered"
            f" {status} {_kind(answer.readable)}".rstrip(),
            where=target.url,
            hint=await _other_url(target, wire),
        )
    return Reached(models.server or _reached(answer.readable).server, models.models)


@dataclass(slots=True)
class Admission:
    """Raises for what is wrong with the target rather than with the server, as long as that has accepted nothing."""

    target: Target
    reached: Reached
    accepted: bool = False

    def take(self, exchange: Exchange) -> None:
        """Look at one exchange with the target, whose model it asks for; with a target of no model, for whichever.

        Raises:
            UnreachableError: the endpoint does not open, or does not have the model.
        """
        if self.accepted:
            return
        status = exchange.head.status if exchange.head else 0
        self.accepted = 200 <= status < 300  # noqa: PLR2004 - the 2xx
        raise_if_closed(self.target, exchange)
        asked = parse(exchange.sent).value
        model = asked.get("model") if isinstance(asked, dict) else None
        if isinstance(model, str) and self.target.model in ("", model):  # a scenario may name one that is none
            _raise_if_unknown_model(replace(self.target, model=model), self.reached, exchange)


def raise_if_closed(target: Target, exchange: Exchange) -> None:
    """Raise where a response tells that the key is refused, or that the endpoint is somewhere else.

    Raises:
        UnreachableError: it does.
    """
    status = exchange.head.status if exchange.head else 0
    if 300 <= status < 400:  # noqa: PLR2004 - the 3xx
        there = (exchange.head and exchange.head.get("location")) or "nowhere"
        raise UnreachableError(
            f"the endpoint redirects to {there}, and redirects are not followed",
            where=target.url,
            hint="If that is where the endpoint is, give its base URL",
        )
    if status in (401, 403):
        words = error_message(parse(exchange.body).value)
        told = f": {words.rstrip('.')}" if words else ""
        if target.key_name:
            raise UnreachableError(f"the key in {target.key_name} is refused, status {status}{told}", where=target.url)
        raise UnreachableError(
            f"a key is wanted, status {status}{told}",
            where=target.url,
            hint="Name the environment variable that holds it: --api-key-env NAME",
        )


def _raise_if_unknown_model(target: Target, reached: Reached, exchange: Exchange) -> None:
    """Raise where a request was refused for its model: it says so with a 404, or does not list the model.

    Raises:
        UnreachableError: it is so.
    """
    status = exchange.head.status if exchange.head else 0
    words = error_message(parse(exchange.body).value)
    refused = status == 404 or (400 <= status < 500 and "model" in words.lower())  # noqa: PLR2004 - the 4xx
    unlisted = refused and reached.models and target.model not in reached.models
    if unlisted or (status == 404 and _is_about_the_model(exchange)):  # noqa: PLR2004 - not found
        told = f": {words.rstrip('.')}" if words else ""
        raise UnreachableError(
            f"the endpoint has no model {target.model!r}, status {status}{told}",
            where=target.url,
            hint=f"It has {listed(reached.models)}" if reached.models else "It does not list those that it has",
        )


def _is_about_the_model(exchange: Exchange) -> bool:
    """Tell whether a refusal speaks of the model: the endpoint is there, and looked for one."""
    return "model" in error_message(parse(exchange.body).value).lower()


def listed(models: tuple[str, ...]) -> str:
    """Name some models in one line."""
    return ", ".join(models[:_SHOWN]) + (f" and {len(models) - _SHOWN} more" if len(models) > _SHOWN else "")


async def _other_url(target: Target, wire: Wire) -> str:
    """Advise another base URL; one with /v1 only if there is something."""
    if target.url.endswith("/v1"):
        return "Check the URL; the suite needs its chat-completions endpoint"
    answer = await wire.send(Ask("/v1/chat/completions", request={}, enough=_ENOUGH), _forget)
    status = answer.readable.head.status if isinstance(answer, Answered) and answer.readable.head else 404
    if status in (404, 405) or (isinstance(answer, Answered) and "html" in _kind(answer.readable)):
        return "A base URL usually ends in /v1"
    return f"There is one at {target.url}/v1"


def _reached(exchange: Exchange) -> Reached:
    server = (exchange.head and exchange.head.get("server")) or ""
    match parse(exchange.body).value:
        case {"data": list() as models}:
            names = (model.get("id") for model in models if isinstance(model, dict))
            return Reached(server, tuple(name for name in names if isinstance(name, str)))
        case _:
            return Reached(server)


def _kind(exchange: Exchange) -> str:
    return exchange.head.media_type if exchange.head else ""


def _forget(_: Exchange) -> None:
    """Keep nothing: what is asked here belongs to no scenario."""


def provenance(server: str, model: str) -> dict[str, str]:
    """Return what a cassette says of where it is from: the names that server and model gave or got, if any."""
    return {name: told for name, told in (("server", server), ("model", model)) if told}
