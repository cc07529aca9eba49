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
    "frontend_version": (0, 3, 46),
    "targeted_interrupt": (0, 3, 57),
    "progress_state_to_owner": (0, 3, 58),  # and not to everybody
    "template_versions": (0, 3, 61),
    "keys_hidden_in_queue": (0, 3, 68),
    "cached_outputs_lost": (0, 3, 68),  # of a prompt without client id, until they are kept again
    "create_time": (0, 3, 69),
    "platform_name": (0, 4, 0),  # "linux" in system_stats; "posix" before
    "manager_flag": (0, 4, 0),
    "preview_method_per_prompt": (0, 5, 0),
    "jobs_api": (0, 6, 0),
    "cancelled_status": (0, 9, 0),
    "unmoved_unmarked": (0, 7, 0),  # a still picture saved as animation does not say "animated"
    "progress_throttle": (0, 9, 2),
    "node_replacements": (0, 14, 0),
    "text_previews": (0, 16, 0),
    "assets": (0, 17, 0),
    "cached_outputs_kept": (0, 19, 0),
    "cross_site_refused": (0, 19, 0),
    "package_versions": (0, 22, 0),
    "coloured_log": (0, 23, 0),
    "ram_cache": (0, 23, 0),  # by default; it too gives up what the last prompt did not use
    "uuid_prompt_ids": (0, 25, 0),
    "plain_audio_names": (0, 25, 0),  # no underscore before the extension
    "deploy_environment": (0, 25, 0),
    "cancel_api": (0, 26, 0),
    "model_type_tags": (0, 28, 0),
    "previewable_count": (0, 32, 0),
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
