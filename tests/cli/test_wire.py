"""The small HTTP of the fast way."""

import pytest

from headway.cli.wire import head_of, named, request


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:8329", "127.0.0.1", 8329),
        ("http://studio.lan", "studio.lan", 8329),
        ("http://[::1]:9000/", "::1", 9000),
        ("http://[::1]", "::1", 8329),
    ],
)
def test_a_plain_url_names_a_server(url: str, host: str, port: int) -> None:
    found = named(url, token="t")

    assert found is not None
    assert (found.host, found.port, found.token) == (host, port, "t")


@pytest.mark.parametrize("url", ["https://x", "x", "", "http://", "http://user:pass@x", "ftp://x"])
def test_any_other_is_left_to_the_full_way(url: str) -> None:
    assert named(url, token="") is None


def test_the_request_names_its_host_and_holds_the_token_in_a_header() -> None:
    found = named("http://[::1]:9000", token="t")
    assert found is not None

    said = request(found, "/x?y=1", accept="text/plain").decode()

    assert said.startswith("GET /x?y=1 HTTP/1.0\r\n")
    assert "\r\nHost: [::1]:9000\r\n" in said
    assert "\r\nAuthorization: Bearer t\r\n" in said
    assert said.endswith("\r\n\r\n")


def test_a_head_says_status_and_length() -> None:
    assert head_of(b"HTTP/1.1 200 OK\r\ncontent-length: 12") == (200, 12)
    assert head_of(b"HTTP/1.0 404 No") == (404, None)


@pytest.mark.parametrize("head", [b"", b"SSH-2.0-x", b"HTTP/1.1 nope", b"\x16\x03\x01"])
def test_what_is_no_http_is_an_error(head: bytes) -> None:
    with pytest.raises(OSError, match="HTTP"):
        head_of(head)
