"""The machine that the simulation claims to run on."""

from typing import Any

from headway.sim.comfyui.version import Version

RAM = 25276502016  # bytes
RAM_FREE = 23267520512  # bytes


def system_stats(version: Version, *, url: str) -> dict[str, Any]:
    """The body of GET /system_stats."""
    return {
        "system": {
            "os": "linux" if version.has("platform_name") else "posix",
            "ram_total": RAM,
            "ram_free": RAM_FREE,
            "comfyui_version": version.text,
            "required_frontend_version": "1.37.11",
            "installed_templates_version": None,
            "required_templates_version": "0.8.31",
            "python_version": "3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]",
            "pytorch_version": "2.13.0+cpu",
            "embedded_python": False,
            "argv": ["main.py", "--cpu", "--port", url.rpartition(":")[2]],
        },
        "devices": [
            {
                "name": "cpu",
                "type": "cpu",
                "index": None,
                "vram_total": RAM,
                "vram_free": RAM_FREE,
                "torch_vram_total": RAM,
                "torch_vram_free": RAM_FREE,
            }
        ],
    }
