"""What the server says it can do.

Rule 1: flags are told in a fixed order, each since its version; values do not change between
    versions.
"""

from typing import Any

from headway.sim.comfyui.version import Version

MAX_UPLOAD = 104857600  # bytes

#: flag -> its value and the ability with which it came, "" for always
FLAGS: dict[str, tuple[Any, str]] = {
    "supports_preview_metadata": (True, ""),
    "supports_model_type_tags": (True, "model_type_tags"),
    "max_upload_size": (MAX_UPLOAD, ""),
    "extension": ({"manager": {"supports_v4": True}}, "manager_flag"),
    "node_replacements": (True, "node_replacements"),
    "assets": (False, "assets"),
}


def features(version: Version) -> dict[str, Any]:
    """The body of GET /features, and the answer to a socket that tells its own."""
    return {
        name: value
        for name, (value, ability) in FLAGS.items()
        if not ability or version.has(ability)
    }
