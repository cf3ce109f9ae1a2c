"""Facts about the endpoint that an operator names: what is understood, and what is refused before anything is sent."""

from __future__ import annotations

import pytest

from deltaproof.drive.http.target import Target, read_target
from deltaproof.errors import DeltaproofError, RefusedError

KEYS = {"KEY": " sk-123\n", "EMPTY": "", "TWO": "a b", "ODD": "sk-é"}


@pytest.mark.parametrize(
    ("url", "base", "query"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1", ""),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1", ""),
        ("https://h.example/v1/chat/completions", "https://h.example/v1", ""),
        ("https://h.example/v1?api-version=1", "https://h.example/v1", "api-version=1"),
        ("http://[::1]:8000", "http://[::1]:8000", ""),
    ],
)
def test_a_url_is_a_base_url_or_the_endpoint_itself(url: str, base: str, query: str) -> None:
    """Slashes at the end do not count, and what was copied from a curl command works too."""
    target = read_target(url, "m", None, {})
    assert target == Target(base, query, "m", "", "")
    assert target.address("/models") == base + "/models" + (f"?{query}" if query else "")


@pytest.mark.parametrize(
    "url", ["https://h.example/v1", "http://127.1.2.3/v1", "http://localhost/v1", "http://[::1]/v1"]
)
def test_a_key_goes_over_tls_and_to_this_machine(url: str) -> None:
    """The key is what stands in the variable, the line's end taken off, and is not shown."""
    target = read_target(url, "m", "KEY", KEYS)
    assert (target.key, target.key_name) == ("sk-123", "KEY")
    assert "sk-123" not in repr(target)


@pytest.mark.parametrize(
    "url", ["http://h.example/v1", "http://192.168.0.2/v1", "http://0.0.0.0/v1", "http://127.0.0.1.evil.example/v1"]
)
def test_a_key_does_not_go_over_plain_http_to_another_machine(url: str) -> None:
    """It is refused with the way out; without a key nothing is wrong with the address."""
    with pytest.raises(RefusedError) as raised:
        read_target(url, "m", "KEY", KEYS)
    assert str(raised.value) == (
        f"{url}: a key is not sent over plain http to another machine. Use https, or no --api-key-env"
    )
    assert read_target(url, "m", None, KEYS).key == ""


@pytest.mark.parametrize(
    ("url", "key_name", "line"),
    [
        ("localhost:8000/v1", None, "localhost:8000/v1: this is no URL of an endpoint. Write http://localhost:8000/v1"),
        ("ftp://h/v1", None, "ftp://h/v1: this is no URL of an endpoint. Write http://HOST:PORT/v1 or https://HOST/v1"),
        ("http://", None, "http://: this is no URL of an endpoint. Write http://HOST:PORT/v1 or https://HOST/v1"),
        ("http://h:99999/v1", None, "http://h:99999/v1: this is no URL: Port out of range 0-65535"),
        (
            "https://me:secret@h/v1",
            None,
            "a URL with a user name or password in it ends up in reports. Name the variable that holds the key: --api-key-env NAME",
        ),
        (
            "https://h/v1?api_key=secret",
            None,
            "a URL with the parameter 'api_key' in it ends up in reports. Name the variable that holds the key: --api-key-env NAME",
        ),
        ("https://h/v1", "NONE", "NONE: no key is in this environment variable. export NONE=…"),
        ("https://h/v1", "EMPTY", "EMPTY: no key is in this environment variable. export EMPTY=…"),
        ("https://h/v1", "TWO", "TWO: what is in this environment variable cannot be a key"),
        ("https://h/v1", "ODD", "ODD: what is in this environment variable cannot be a key"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_in_one_line(url: str, key_name: str | None, line: str) -> None:
    """The line says what to write instead, and repeats no secret."""
    with pytest.raises(DeltaproofError) as raised:
        read_target(url, "m", key_name, KEYS)
    assert str(raised.value) == line
