"""Sources, made from the settings and from what is found: what each of them needs to be told.

Rule 1: a ComfyUI knows whether it is behind a SwarmUI, however either of them came to be
    watched: what it does for that one counts there.
Rule 2: a SwarmUI knows which generations of ours are unfinished, whoever submitted them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from headway.config import SourceSettings
from headway.host.mirrors import token_of
from headway.host.sessions import Sessions
from headway.model.views import JobView
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.sources.contract import Source
from headway.sources.swarmui import Settings as SwarmUISettings
from headway.sources.swarmui import SwarmUI
from headway.sources.swarmui_behind import Behind, Fronts
from headway.store.contract import Change

Live = Callable[[], Mapping[str, Change]]


class Watching:
    """Makes sources. `live`: set once there is a plane, what it knows to be live."""

    def __init__(self, directory: str) -> None:
        self.fronts = Fronts()
        self.live: Live = dict
        self._sessions = Sessions(directory)

    def named(self, sources: Mapping[str, SourceSettings]) -> list[Source]:
        """The sources that the settings name."""
        return [self.of(name, one) for name, one in sources.items()]

    def of(self, name: str, one: SourceSettings) -> Source:
        """A source as it was configured."""
        if one.kind == "swarmui":
            swarm = SwarmUISettings(
                name=name,
                url=one.url,
                title=one.title,
                token=one.token,
                poll=one.poll,
                logs=one.logs,
            )
            return self._swarmui(swarm)
        comfy = ComfyUISettings(
            name=name,
            url=one.url,
            title=one.title,
            poll=one.poll,
            logs=one.logs,
            mirror=one.mirror,
            mirror_token=one.mirror_token,
            keep_prompts=one.keep_prompts,
        )
        return Behind(ComfyUI(comfy, tokens=token_of), self.fronts, self._outer)

    def found(self, kind: str, name: str, url: str) -> Source | None:
        """A source that was found; None for a kind that is only listed."""
        if kind not in ("comfyui", "swarmui"):
            return None
        return self.of(
            name, SourceSettings(url=url, kind="swarmui" if kind == "swarmui" else "comfyui")
        )

    def _swarmui(self, settings: SwarmUISettings) -> Source:
        def jobs() -> list[JobView]:
            return list(self._jobs_of(settings.name))

        return SwarmUI(settings, sessions=self._sessions, jobs=jobs, fronts=self.fronts)

    def _jobs_of(self, source: str) -> Iterator[JobView]:
        for change in self.live().values():
            if isinstance(change.view, JobView) and change.view.source == source:
                yield change.view

    def _outer(self, swarm: str, prompt: str) -> tuple[str, float] | None:
        for job in self._jobs_of(swarm):
            if prompt and job.meta.get("inner") == prompt:
                return job.key, job.queued_at or job.started_at or 0.0
        return None
