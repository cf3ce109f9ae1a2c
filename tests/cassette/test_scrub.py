"""Facts about what is taken out of an exchange before it touches the disk."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from deltaproof.cassette.scrub import Cleaner
from deltaproof.exchange import Exchange, Head


def test_secret_headers_lose_their_values_and_nothing_else() -> None:
    """Names and order stay, repeats too, whatever the case: that there was a cookie is a fact worth keeping."""
    head = Head(
        401,
        (
            ("Set-Cookie", "session=1"),
            ("Content-Type", "text/event-stream"),
            ("set-cookie", "session=2"),
            ("cookie", "session=3"),
            ("Authorization", "Bearer sk-1"),
            ("Proxy-Authorization", "Basic c2s="),
            ("X-Api-Key", "sk-2"),
            ("api-key", "sk-3"),
            ("x-goog-api-key", "sk-4"),
            ("OpenAI-Organization", "org-1"),
            ("openai-project", "proj-1"),
            ("anthropic-organization-id", "org-2"),
            ("x-request-id", "req-1"),
            ("openai-version", "2020-10-01"),
        ),
    )
    assert Cleaner().exchange(Exchange(source="-", body=b"", head=head)).head == Head(
        401,
        (
            ("Set-Cookie", "SCRUBBED"),
            ("Content-Type", "text/event-stream"),
            ("set-cookie", "SCRUBBED"),
            ("cookie", "SCRUBBED"),
            ("Authorization", "SCRUBBED"),
            ("Proxy-Authorization", "SCRUBBED"),
            ("X-Api-Key", "SCRUBBED"),
            ("api-key", "SCRUBBED"),
            ("x-goog-api-key", "SCRUBBED"),
            ("OpenAI-Organization", "SCRUBBED"),
            ("openai-project", "SCRUBBED"),
            ("anthropic-organization-id", "SCRUBBED"),
            ("x-request-id", "req-1"),
            ("openai-version", "2020-10-01"),
        ),
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:pw@x.example/v1/chat/completions", "https://SCRUBBED@x.example/v1/chat/completions"),
        ("HTTP://me@x.example:8000/", "HTTP://SCRUBBED@x.example:8000/"),
        ("https://x.example/v1?key=AIza1", "https://x.example/v1?key=SCRUBBED"),
        (
            "https://x.example/v1?api-version=1&subscription-key=k&Access_Token=t&sig=s#f",
            "https://x.example/v1?api-version=1&subscription-key=SCRUBBED&Access_Token=SCRUBBED&sig=SCRUBBED#f",
        ),
        ("https://x.example/me@home?monkey=&design=a%20b+c", "https://x.example/me@home?monkey=&design=a%20b+c"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1/chat/completions"),
        ("", ""),
    ],
)
def test_a_url_loses_who_asks_and_with_which_key(url: str, expected: str) -> None:
    """User, password and key-like parameters go; all else stays to the letter."""
    assert Cleaner().exchange(Exchange(source="-", body=b"", url=url)).url == expected


def test_a_password_that_is_no_utf_8_is_looked_for_as_it_is_and_as_in_a_url() -> None:
    """RFC 7617 leaves its encoding open."""
    credential = b64encode("me:pässwörd".encode("latin-1")).decode()
    exchange = Exchange(
        source="-",
        body="pässwörd".encode("latin-1") + b", p%E4ssw%F6rd.",
        sent_headers=(("Authorization", f"Basic {credential}"),),
    )
    assert Cleaner().exchange(exchange).body == b"********, ************."


def test_a_secret_with_half_a_surrogate_pair_is_looked_for_as_json_writes_it() -> None:
    """Nothing else can write it."""
    exchange = Exchange(
        source="-",
        body=b"no key: \\ud800-secret",
        request={"api_key": "\ud800-secret"},
        sent=b'{"api_key":"\\ud800-secret"}',
    )
    cleaned = Cleaner().exchange(exchange)
    assert (cleaned.body, cleaned.sent) == (b"no key: *************", b'{"api_key":"*************"}')


@pytest.mark.parametrize(
    "name", ["X-Amz-Security-Token", "PRIVATE-TOKEN", "X-Vault-Token", "X-AuthToken", "X-Proxy-Password"]
)
def test_tokens_and_passwords_of_other_kinds_go_too(name: str) -> None:
    """What a header calls a token is one; what counts tokens is not."""
    head = Head(200, ((name, "abc"), ("x-ratelimit-remaining-tokens", "17")))
    cleaned = Cleaner().exchange(Exchange(source="-", body=b"", head=head)).head
    assert cleaned == Head(200, ((name, "SCRUBBED"), ("x-ratelimit-remaining-tokens", "17")))


def test_the_urls_in_headers_lose_what_a_url_loses() -> None:
    """Of a page that asks, and of where to go instead."""
    exchange = Exchange(
        source="-",
        body=b"moved to /there?token=1234567890",
        head=Head(302, (("Location", "/there?token=1234567890&a=b"),)),
        sent_headers=(("Referer", "https://me:pw@x.test/?a=b&access_token=0987654321"),),
    )
    cleaned = Cleaner().exchange(exchange)
    assert cleaned.head == Head(302, (("Location", "/there?token=SCRUBBED&a=b"),))
    assert cleaned.sent_headers == (("Referer", "https://SCRUBBED@x.test/?a=b&access_token=SCRUBBED"),)


def test_the_urls_in_a_request_lose_what_a_url_loses() -> None:
    """A signature in the URL of an image is looked for in the answer, too; sizes stay."""
    url = "https://x.test/a.png?se=2026&sig=Ab12345678%3D"
    request = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
    sent = json.dumps(request).encode()
    cleaned = Cleaner().exchange(Exchange(source="-", body=f"I saw {url}.".encode(), request=request, sent=sent))
    assert cleaned.sent == sent.replace(b"Ab12345678%3D", b"*************")
    assert cleaned.body == b"I saw https://x.test/a.png?se=2026&sig=*************."
