"""The parameters of a request, read as the server reads them.

Rule 1: keys are reduced to their small letters, so that `negative_prompt` is `negativeprompt`;
    unknown ones are passed over.
Rule 2: what has the wrong type is refused in the server's words, with HTTP status 200.
"""

import json
import re
from typing import Any

from headway.sim.swarmui.models import matching


class Refused(Exception):
    """The server does not do it; the message is what it says."""


class Params:
    """One request. Raises Refused for what the server would not take."""

    def __init__(self, given: dict[str, Any], models: list[str]) -> None:
        self.given = {_plain(name): value for name, value in given.items()}
        if "images" not in self.given:
            raise Refused("Missing required parameter 'images'")
        self.images = _count(self.given["images"])
        self.prompt = str(self.given.get("prompt", ""))
        self.steps = self._whole("steps", 20)
        self.width = self._whole("width", 512)
        self.height = self._whole("height", 512)
        self.model = matching(models, str(self.given.get("model", models[0])))
        if self.model is None:
            raise Refused(
                "Invalid value for parameter Model: Invalid model value for param Model - "
                f"'{self.given['model']}' - are you sure that model name is correct?"
            )
        if isinstance(self.given.get("loras"), dict):
            raise Refused("Invalid value for parameter LoRAs: must be a list")
        self.raw = _true(self.given.get("forwardrawbackenddata"))
        self.unsaved = _true(self.given.get("donotsave"))
        self.fails = self.prompt == "out of memory"

    def metadata(self) -> str:
        kept = ("prompt", "model", "images", "seed", "steps", "width", "height")
        said = {name: self.given[name] for name in kept if name in self.given}
        return json.dumps({"sui_image_params": said, "sui_extra_data": {}})

    def _whole(self, name: str, usual: int) -> int:
        value = self.given.get(name, usual)
        try:
            return int(value)
        except (TypeError, ValueError):
            title = name.capitalize()
            raise Refused(
                f"Invalid value for parameter {title}: Invalid integer value for param {title} - "
                f"'{value}' - must be a valid integer (eg '0', '3', '-5', etc)"
            ) from None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused(
            f"Invalid value '{value}' for parameter 'images', must be type 'Int32'"
        ) from None
