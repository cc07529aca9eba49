"""`serve --or-demo` chooses by what there is to watch."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from headway.cli.start import reason_to_serve


def test_a_configured_source_is_a_reason_to_serve(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text('[sources.studio]\nkind = "comfyui"\nurl = "http://studio:8188"\n')

    assert "studio" in reason_to_serve(Namespace(config=str(settings)))
