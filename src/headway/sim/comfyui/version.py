"""Which ComfyUI is simulated, and what that one can do.

Rule 1: behaviour depends on a named ability, never on a number compared somewhere else.
"""

OLDEST = (
    0,
    3,
    45,
)  # progress_state, async nodes, feature_flags and client-chosen prompt ids begin here

#: ability -> first version that has it
SINCE = {
    "targeted_interrupt": (0, 3, 57),
    "keys_hidden_in_queue": (0, 3, 68),
    "create_time": (0, 3, 69),
    # 0.3.64 said "posix", 0.12.1 says "linux"; where between the two it changed was not measured
    "platform_name": (0, 4, 0),
    "preview_method_per_prompt": (0, 5, 0),
    "jobs_api": (0, 6, 0),
    "cancelled_status": (0, 9, 0),
    "progress_throttle": (0, 9, 2),
}


class Version:
    """A version of ComfyUI, such as `Version("0.12.1")`.

    Raises ValueError when the text is no version, or one older than what is simulated.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._number = tuple(int(part) for part in text.split("."))
        if self._number < OLDEST:
            raise ValueError(
                f"comfyui {text} is not simulated; the oldest is {'.'.join(map(str, OLDEST))}"
            )

    def has(self, ability: str) -> bool:
        """Whether this version has an ability of the table SINCE."""
        return self._number >= SINCE[ability]
