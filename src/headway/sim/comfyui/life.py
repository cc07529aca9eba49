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
from collections.abc import Iterable, Mapping

from headway.sim.comfyui import messages, startup
from headway.sim.comfyui.account import Account
from headway.sim.comfyui.change import Change
from headway.sim.comfyui.custom_nodes import Comfy
from headway.sim.comfyui.execution import Execution
from headway.sim.comfyui.fates import Fates
from headway.sim.comfyui.features import features
from headway.sim.comfyui.files import Files
from headway.sim.comfyui.log import GREEN, Entry, Log
from headway.sim.comfyui.node import Made, NodeClass
from headway.sim.comfyui.pace import Pace
from headway.sim.comfyui.prompts import Item, PromptQueue
from headway.sim.comfyui.sockets import Sockets
from headway.sim.comfyui.version import Version

LONG_RUN = 600.0  # seconds; longer runs are told as hours, minutes, seconds


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
        fates: Fates,
    ) -> None:
        self.version, self.pace, self.files, self.rng = version, pace, files, rng
        self.classes, self.previews, self.fates = classes, previews, fates
        self.change = change
        self.sockets = Sockets(pace, change, features=features(version))
        self.queue = PromptQueue(told=self._tell_status, removed=fates.removed)
        self.comfy = Comfy(self)
        coloured = version.has("coloured_log")
        self.log = Log(clock=pace.now, send=self._send_log, coloured=coloured)
        self.log_readers: set[str] = set()
        self.cache: dict[str, Made] = {}
        self.loaded: set[str] = set()
        self.temp_name = "ComfyUI_temp_" + "".join(rng.choices(string.ascii_lowercase, k=5))
        self.interrupt_asked = False
        self.history_lag = 0.0  # seconds from the end of a run to its entry, beside the teardown
        self.account: Account | None = None  # of the running prompt

    def say_hello(self, url: str) -> None:
        """The console lines of a start."""
        for line in startup.lines(self.version, url=url):
            self.log.line(line)

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
                words = f"Exception in thread Thread-1 (prompt_worker):\n{trace}"
                return self.log.line(words, level="")
            await self._run(item)
            await self.pace.spend(self.pace.seconds("between"))

    async def _run(self, item: Item) -> None:
        began = self.pace.now()
        self.interrupt_asked = False
        execution = Execution(item, self)
        self.account = execution.account
        self.fates.began(item)
        await execution.run()
        self.fates.ended(item, execution.account.end or "execution_error")
        await self.pace.spend(self.pace.seconds("teardown"))
        await self.pace.wait(self.history_lag)
        self.queue.done(item, execution.account.entry())
        self.fates.readable(item)
        owner, self.account = execution.account.owner, None
        if owner is not None:
            self.sockets.send("executing", {"node": None, "prompt_id": item[1]}, to=owner)
        took = _duration(self.pace.now() - began)
        self.log.line(f"Prompt executed in {took}", colour=GREEN)
        self.change.happened()

    def keep_cached(self, signatures: Iterable[str]) -> None:
        """Forget every result but these."""
        self.cache = {
            signature: self.cache[signature] for signature in signatures if signature in self.cache
        }

    def interrupt(self, prompt_id: str | None) -> None:
        """Ask the running prompt to stop; with an id, only if it is that one (since 0.3.57)."""
        if not self.version.has("targeted_interrupt"):
            self.interrupt_asked = True
        elif not prompt_id:
            self.log.line("Global interrupt (no prompt_id specified)")
            self.interrupt_asked = True
        elif self.queue.is_running(prompt_id):
            self.log.line(f"Interrupting prompt {prompt_id}")
            self.interrupt_asked = True
        else:
            self.log.line(f"Prompt {prompt_id} is not currently running, skipping interrupt")

    def cancel(self, prompt_id: str) -> bool:
        """Interrupt the prompt if it runs, remove it if it waits; whether it did either."""
        if self.queue.is_running(prompt_id):
            self.log.line(f"Cancelling running prompt {prompt_id}")
            self.interrupt_asked = True
            return True
        if not self.queue.is_pending(prompt_id):
            return False
        self.log.line(f"Cancelling pending prompt {prompt_id}")
        self.queue.delete(prompt_id)
        return True

    def node_of(self, owner: str) -> str | None:
        """The current node of the running prompt, if it is this owner's."""
        running = self.account
        return running.last_node if running is not None and running.owner == owner else None

    def _tell_status(self) -> None:
        self.sockets.send("status", messages.status(self.queue.remaining), to=None)
        self.change.happened()

    def _send_log(self, entries: list[Entry]) -> None:
        if not self.log_readers:
            return
        message = {"entries": entries, "size": self.log.new_size()}
        self.log_readers = {reader for reader in self.log_readers if self.sockets.knows(reader)}
        for reader in self.log_readers:
            self.sockets.send("logs", message, to=reader)


def _duration(seconds: float) -> str:
    if seconds > LONG_RUN:
        return time.strftime("%H:%M:%S", time.gmtime(seconds))
    return f"{seconds:.2f} seconds"
