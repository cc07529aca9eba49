"""The page that leads to the page."""

import stat
import sys
from pathlib import Path

from headway.host.browser import redirect, write_redirect


def test_the_address_is_quoted_in_the_page() -> None:
    page = redirect('http://x/?token=a&b="><script>')

    assert "<script>" not in page
    assert "token=a&amp;b=" in page


def test_the_page_is_for_its_user_alone_and_its_address_holds_no_token(tmp_path: Path) -> None:
    place = tmp_path / "open.html"

    address = write_redirect(str(place), "http://localhost:8329/?token=s3cret")

    assert address.startswith("file:")
    assert "s3cret" not in address
    assert "s3cret" in place.read_text()
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
