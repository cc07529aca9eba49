"""The machine that the simulation claims to run on."""

from typing import Any

from headway.sim.comfyui.version import Version

RAM = 25276502016  # bytes
RAM_FREE = 23267520512  # bytes
PYTHON = "3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]"
TORCH = "2.13.0+cpu"
FRONTEND = "1.37.11"
TEMPLATES = "0.8.31"

DEVICE = {
    "name": "cpu",
    "type": "cpu",
    "index": None,
    "vram_total": RAM,
    "vram_free": RAM_FREE,
    "torch_vram_total": RAM,
    "torch_vram_free": RAM_FREE,
}

#: fact -> the ability with which it came
SINCE = {
    "required_frontend_version": "frontend_version",
    "installed_templates_version": "template_versions",
    "required_templates_version": "template_versions",
    "comfy_package_versions": "package_versions",
    "deploy_environment": "deploy_environment",
}


def system_stats(version: Version, *, url: str) -> dict[str, Any]:
    """The body of GET /system_stats."""
    system = {
        "os": "linux" if version.has("platform_name") else "posix",
        "ram_total": RAM,
        "ram_free": RAM_FREE,
        "comfyui_version": version.text,
        "required_frontend_version": FRONTEND,
        "installed_templates_version": None,
        "required_templates_version": TEMPLATES,
        "comfy_package_versions": [
            {"name": "comfyui-frontend-package", "installed": FRONTEND, "required": FRONTEND},
            {"name": "comfyui-workflow-templates", "installed": None, "required": TEMPLATES},
        ],
        "python_version": PYTHON,
        "pytorch_version": TORCH,
        "embedded_python": False,
        "deploy_environment": "local-git",
        "argv": ["main.py", "--cpu", "--port", url.rpartition(":")[2]],
    }
    known = {
        fact: value
        for fact, value in system.items()
        if fact not in SINCE or version.has(SINCE[fact])
    }
    return {"system": known, "devices": [DEVICE]}
