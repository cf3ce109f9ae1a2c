"""What an exchange is without its secrets: headers, address, bodies. What counts as one is in scrub_rules.py.

A value that stood in a secret header, parameter or field is looked for everywhere else in the exchange too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote, unquote

from deltaproof.cassette.coding import readable
from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.scrub_rules import SHORTEST, Scrub, is_placeholder
from deltaproof.cassette.scrubber import masked
from deltaproof.cassette.sought import Sought, kinds, names_of, sought
from deltaproof.exchange import End, Exchange, Head

SCRUBBED = "SCRUBBED"
"""What stands in place of the value of a secret header or parameter."""

DEFAULT = Scrub()
"""What is scrubbed where a project does not add to it."""

_WORDS = frozenset({"assistant", "function", "tool_calls", "undefined", "chat.completion"})  # they stand in any body
_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)([^/?#]*)@", re.IGNORECASE)
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>\\]{1,4000}")
_PARAMETER = re.compile(r"([?&])([^=&#]*)=([^&#]+)")


class Cleaner:
    """Takes the secrets out of exchanges, by one set of rules; keeps nothing of them."""

    def __init__(self, scrub: Scrub = DEFAULT) -> None:
        """Compile the rules."""
        self._sought = sought(scrub)
        self._headers = names_of(scrub.headers)
        self._parameters = names_of(scrub.parameters)
        self._fields = names_of(name.replace("_", "").replace("-", "") for name in scrub.fields)

    def sought_in(self, exchange: Exchange) -> Sought:
        """Return what is to be looked for in an exchange: what is always a secret, and those that it shows itself."""
        return self._sought.and_literals(_written(self._secrets(exchange)))

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without its secrets, all sizes as they were.

        A compressed body in which there is one is decoded.
        """
        secrets = self.sought_in(exchange)
        exchange = self._response(replace(exchange, head=self.head(exchange.head, secrets)), secrets)
        sent = masked(exchange.sent, secrets)
        return replace(
            exchange,
            url=self.url(exchange.url, secrets),
            sent=sent,
            sent_headers=self.headers(exchange.sent_headers, secrets),
            request=_object(exchange.request, secrets) if sent == exchange.sent else loads_object(sent),
            answer=_object(exchange.answer, secrets),
            provenance={name: _text(told, secrets) for name, told in exchange.provenance.items()},
        )

    def url(self, url: str, secrets: Sought) -> str:
        """Return a URL without user, password and the values of key-like parameters, otherwise as it is."""
        return _text(self._anonymous(url), secrets)

    def head(self, head: Head | None, secrets: Sought) -> Head | None:
        """Return a response's head without its secrets."""
        return Head(head.status, self.headers(head.headers, secrets)) if head else None

    def headers(self, pairs: Iterable[tuple[str, str]], secrets: Sought) -> tuple[tuple[str, str], ...]:
        """Return headers with the values of secret ones replaced, names and order kept."""
        return tuple(
            (name, SCRUBBED if self._headers.match(name) else _text(self._with_urls(value), secrets))
            for name, value in pairs
        )

    def is_secret_header(self, name: str) -> bool:
        """Tell whether the value of a header is a secret."""
        return bool(self._headers.match(name))

    def kinds(self, line: bytes) -> Iterator[str]:
        """Yield which kinds of secrets are on a line, without those that were scrubbed."""
        yield from kinds(line, self._sought)

    def kinds_in_url(self, url: str) -> Iterator[str]:
        """Yield which secrets stand in a URL, without those that were scrubbed."""
        if (user := _USER.match(url)) and not is_placeholder(user[2]):
            yield "a user and a password in a URL"
        for _, name, value in _PARAMETER.findall(url):
            if self._parameters.match(unquote(name)) and not is_placeholder(unquote(value)):
                yield f"the value of the parameter {name}"

    def _with_urls(self, text: str) -> str:
        """Return text, such as a referer or the links of a page, with its URLs anonymous."""
        return self._anonymous(text) if text[:1] == "/" else _URL_IN_TEXT.sub(lambda url: self._anonymous(url[0]), text)

    def _anonymous(self, url: str) -> str:
        return _PARAMETER.sub(self._parameter, _USER.sub(rf"\g<1>{SCRUBBED}@", url))

    def _parameter(self, match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}={SCRUBBED}" if self._parameters.match(unquote(match[2])) else match[0]

    def _response(self, exchange: Exchange, secrets: Sought) -> Exchange:
        """Return an exchange with its response's body scrubbed."""
        if exchange.head is None or exchange.head.get("content-encoding") is None:
            return replace(exchange, body=masked(exchange.body, secrets))
        decoded = readable(exchange)
        body = masked(decoded.body, secrets)
        if body == decoded.body:
            return exchange
        return replace(
            decoded,
            body=body,
            head=decoded_head(exchange, len(body)),
            reads=tuple(one for one in decoded.reads if one.size),
        )

    def _secrets(self, exchange: Exchange) -> Iterator[str]:
        """Yield the values that stand where secrets do."""
        yield from self._in_url(exchange.url)
        for name, value in (*exchange.sent_headers, *(exchange.head.headers if exchange.head else ())):
            if self._headers.match(name):
                yield from _credentials(name.lower(), value)
            else:
                yield from self._in_text(value)
        yield from self._in_fields(exchange.request)

    def _in_url(self, url: str) -> Iterator[str]:
        """Yield the user and the values of secret parameters."""
        if user := _USER.match(url):
            yield from user[2].split(":")
        for _, name, value in _PARAMETER.findall(url):
            if self._parameters.match(unquote(name)):
                yield from (value, unquote(value))

    def _in_text(self, text: str) -> Iterator[str]:
        """Yield what is secret in the URLs of a text, such as the signature in that of an image."""
        for url in _URL_IN_TEXT.findall(text):
            yield from self._in_url(url)

    def _in_fields(self, value: object) -> Iterator[str]:
        """Yield the texts in the secret fields of a JSON value, however deep, and what is secret in its URLs."""
        waiting = [value]
        while waiting:
            match waiting.pop():
                case dict() as members:
                    for name, member in members.items():
                        if isinstance(member, str) and self._fields.match(name.replace("_", "").replace("-", "")):
                            yield member
                    waiting += members.values()
                case list() as elements:
                    waiting += elements
                case str() as text:
                    yield from self._in_text(text)


def decoded_head(exchange: Exchange, size: int) -> Head | None:
    """Return the head of a response whose body was decoded to so many bytes: it tells its length, and no encoding."""
    if exchange.head is None:
        return None
    missing = _missing(exchange)
    pairs = (
        (name, str(size + missing) if name.lower() == "content-length" else value)
        for name, value in exchange.head.headers
        if name.lower() != "content-encoding"
    )
    return Head(exchange.head.status, tuple(pairs))


def plain(exchange: Exchange) -> Exchange:
    """Return an exchange whose content encodings are undone with a head that says so."""
    if exchange.head is None or exchange.head.get("content-encoding") is None:
        return exchange
    return replace(exchange, head=decoded_head(exchange, len(exchange.body)))


def _missing(exchange: Exchange) -> int:
    """Return how many bytes of a body that was cut never came, as its length tells."""
    told = (exchange.head.get("content-length") if exchange.head else None) or ""
    return max(0, int(told) - len(exchange.body)) if exchange.end is not End.EOF and told.isdecimal() else 0


def _credentials(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in the value of a header."""
    if name == "cookie":
        yield from (pair.partition("=")[2].strip(' "') for pair in value.split(";"))
    elif name == "set-cookie":
        yield value.partition(";")[0].partition("=")[2].strip(' "')
    else:
        scheme, _, credential = value.strip().rpartition(" ")
        yield credential
        if scheme.lower() == "basic":
            yield from _basic(credential)


def _basic(credential: str) -> Iterator[str]:
    """Yield the password of RFC 7617."""
    try:
        decoded = base64.b64decode(credential, validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return
    yield from (decoded, decoded.partition(":")[2])


def _written(secrets: Iterable[str]) -> Iterator[str]:
    """Yield secrets as they may be written: as they are, in JSON, and in a URL."""
    for secret in secrets:
        if len(secret) >= SHORTEST and secret not in _WORDS and not is_placeholder(secret):
            yield json.dumps(secret)[1:-1]
            with suppress(UnicodeEncodeError):  # by half a surrogate pair, which nothing but JSON can write
                in_url = quote(secret, "", errors="surrogateescape")  # a password need not be UTF-8
                yield from {secret, json.dumps(secret, ensure_ascii=False)[1:-1], in_url}


def _text(text: str, secrets: Sought) -> str:
    """Return text without its secrets; header values have one byte for each character, but need not."""
    return masked(text.encode(errors="surrogatepass"), secrets).decode(errors="surrogatepass")


def _object(value: Mapping[str, object] | None, secrets: Sought) -> Mapping[str, object] | None:
    """Return a JSON object without its secrets, the same one if it has none."""
    if value is None:
        return None
    text = json.dumps(value).encode()
    scrubbed = masked(text, secrets)
    return value if scrubbed == text else loads_object(scrubbed)
