"""One life of the server process: all that a restart forgets, and the worker.

Rule 1: the worker takes one prompt at a time. In order: events, history, status, executing null,
    console line.
Rule 2: the history lags behind the last event, by the teardown and by as much as a test asks for.
Rule 3: the worker may die while all else lives on: then the running prompt runs for ever and
    nothing is popped.
"""

import random
import string
import time
import traceback
from collections.abc import Callable, Iterable, Mapping

from headway.sim.comfyui import messages
from headway.sim.comfyui.account import Account
from headway.sim.comfyui.change import Change
from headway.sim.comfyui.execution import Execution
from headway.sim.comfyui.files import Files
from headway.sim.comfyui.log import SIZE, Entry, Log
from headway.sim.comfyui.node import Made, NodeClass
from headway.sim.comfyui.pace import Pace
from headway.sim.comfyui.prompts import Item, PromptQueue
from headway.sim.comfyui.sockets import Sockets
from headway.sim.comfyui.version import Version

LONG_RUN = 600.0  # seconds; longer runs are told as hours, minutes, seconds

STARTUP_LINES = (
    "** ComfyUI startup time: {now}",
    "** Platform: Linux",
    "** Python version: 3.11.7",
    "Checkpoint files will always be loaded safely.",
    "Total VRAM 24105 MB, total RAM 24105 MB",
    "pytorch version: 2.13.0+cpu",
    "Set vram state to: DISABLED",
    "Device: cpu",
    "Using sub quadratic optimization for attention",
    "ComfyUI version: {version}",
    "Starting server\n",
    "To see the GUI go to: {url}",
)


class Life:
    """Everything that one process of the server holds in memory."""

    def __init__(
        self,
        *,
        version: Version,
        pace: Pace,
        files: Files,
        rng: random.Random,
        classes: Mapping[str, NodeClass],
        previews: bool,
        change: Change,
        accepted: Callable[[Item], None],
    ) -> None:
        self.version, self.pace, self.files, self.rng = version, pace, files, rng
        self.classes, self.previews, self.accepted = classes, previews, accepted
        self.change = change
        self.sockets = Sockets(pace, change)
        self.queue = PromptQueue(told=self._tell_status)
        self.log = Log(clock=pace.now, send=self._send_log)
        self.log_readers: set[str] = set()
        self._size_told = False
        self.cache: dict[str, Made] = {}
        self.loaded: set[str] = set()
        self.temp_name = "ComfyUI_temp_" + "".join(rng.choices(string.ascii_lowercase, k=5))
        self.interrupt_asked = False
        self.history_lag = 0.0  # seconds from the end of a run to its entry, beside the teardown
        self.account: Account | None = None  # of the running prompt

    def say_hello(self, url: str) -> None:
        """The console lines of a start."""
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.pace.now()))
        for line in STARTUP_LINES:
            self.log.line(line.format(now=now, version=self.version.text, url=url))

    async def work(self) -> None:
        """Run prompts until cancelled, or until the queue itself breaks."""
        while True:
            await self.change.until(lambda: self.queue.pending)
            await self.pace.thawed()
            if not self.queue.pending:
                continue  # it was removed during a freeze
            try:
                item = self.queue.pop()
            except TypeError as error:  # twins: the real thread ends here, and so does this one
                trace = "".join(traceback.format_exception(error))
                return self.log.line(f"Exception in thread Thread-1 (prompt_worker):\n{trace}")
            await self._run(item)
            await self.pace.spend(self.pace.seconds("between"))

    async def _run(self, item: Item) -> None:
        began = self.pace.now()
        self.interrupt_asked = False
        execution = Execution(item, self)
        self.account = execution.account
        await execution.run()
        await self.pace.spend(self.pace.seconds("teardown"))
        await self.pace.wait(self.history_lag)
        self.queue.done(item, execution.account.entry())
        owner, self.account = execution.account.owner, None
        if owner is not None:
            self.sockets.send("executing", {"node": None, "prompt_id": item[1]}, to=owner)
        self.log.line(f"Prompt executed in {_duration(self.pace.now() - began)}")
        self.change.happened()

    def keep_cached(self, signatures: Iterable[str]) -> None:
        """Forget every result but these."""
        self.cache = {
            signature: self.cache[signature] for signature in signatures if signature in self.cache
        }

    def interrupt(self, prompt_id: str | None) -> None:
        """Ask the running prompt to stop; with an id, only if it is that one (since 0.3.57)."""
        looks = prompt_id is not None and self.version.has("targeted_interrupt")
        if not looks or any(item[1] == prompt_id for item in self.queue.running):
            self.interrupt_asked = True

    def node_of(self, owner: str) -> str | None:
        """The current node of the running prompt, if it is this owner's."""
        running = self.account
        return running.last_node if running is not None and running.owner == owner else None

    def _tell_status(self) -> None:
        self.sockets.send("status", messages.status(self.queue.remaining), to=None)
        self.change.happened()

    def _send_log(self, entries: list[Entry]) -> None:
        self.log_readers = {reader for reader in self.log_readers if self.sockets.knows(reader)}
        message = {"entries": entries, "size": None if self._size_told else SIZE}
        self._size_told = self._size_told or bool(self.log_readers)
        for reader in self.log_readers:
            self.sockets.send("logs", message, to=reader)


def _duration(seconds: float) -> str:
    if seconds > LONG_RUN:
        return time.strftime("%H:%M:%S", time.gmtime(seconds))
    return f"{seconds:.2f} seconds"
