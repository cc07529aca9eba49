"""The console: what a subscriber hears and a late joiner reads."""

import math
import re

import aiohttp
from tests.sim.recorded import Session

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.comfyui.log import Log, bar_text
from headway.sim.ear import Ear


def lines_without_numbers(messages: list[dict]) -> list[list[str]]:
    """The entries of each message, with times, rates and sizes made equal."""
    numbers = re.compile(r"\[.*?it/s\]|\d+\.\d+")
    return [[numbers.sub("#", entry["m"]) for entry in message["entries"]] for message in messages]


async def subscribe(url: str, client_id: str, *, enabled: bool = True) -> int:
    body = {"enabled": enabled, "clientId": client_id}
    async with (
        aiohttp.ClientSession() as session,
        session.patch(f"{url}/internal/logs/subscribe", json=body) as answer,
    ):
        return answer.status


async def read(url: str, path: str) -> dict:
    async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
        return await answer.json()


def recorded_logs() -> list[dict]:
    frames = Session("logs_subscribe").heard("observer")
    return [frame["data"] for frame in frames if frame["type"] == "logs"]


async def test_a_cold_run_is_logged_entry_by_entry_as_recorded() -> None:
    expected = recorded_logs()
    first_bar = 11  # messages up to the one that draws the first, empty bar

    async with SimComfyUI(speed=20) as comfy, Ear(comfy.url, "observer") as ear:
        await subscribe(comfy.url, "observer")
        comfy.submit(workflows.text_to_image(steps=6))
        await ear.until(lambda: "Prompt executed" in str(ear.said("logs")))

    heard = lines_without_numbers(ear.said("logs"))
    assert heard[:first_bar] == lines_without_numbers(expected)[:first_bar]
    assert ["", "\r100%|██████████| 6/6 #"] in heard
    assert ["\n", "Requested to load AutoencoderKL\n"] in heard
    assert heard[-1] == ["Prompt executed in # seconds\n"]


async def test_the_terminals_size_goes_with_the_first_message_only() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url, "observer") as ear:
        await subscribe(comfy.url, "observer")
        comfy.submit(workflows.text("one"))
        await ear.until(lambda: len(ear.said("logs")) == 2)

    assert [message["size"] for message in ear.said("logs")] == [{"cols": 80, "rows": 24}, None]


async def test_nobody_hears_the_console_who_did_not_subscribe_or_has_left_again() -> None:
    async with (
        SimComfyUI(speed=math.inf) as comfy,
        Ear(comfy.url, "owner") as owner,
        Ear(comfy.url, "left") as left,
    ):
        assert await subscribe(comfy.url, "nobody") == 200
        await subscribe(comfy.url, "left")
        await subscribe(comfy.url, "left", enabled=False)
        comfy.submit(workflows.text("one"), client_id="owner")
        await owner.hear("executing", node=None)
        await left.until(lambda: len(left.frames) == 4)

    assert owner.said("logs") == left.said("logs") == []


async def test_a_late_joiner_finds_the_current_bar_in_the_last_entry() -> None:
    async with SimComfyUI(speed=20) as comfy, Ear(comfy.url, "owner") as owner:
        comfy.submit(workflows.text_to_image(steps=30), client_id="owner")
        await owner.hear("progress", value=5)
        entries = (await read(comfy.url, "/internal/logs/raw"))["entries"]

    assert re.fullmatch(
        r"\r +\d+%\|.{10}\| \d+/30 \[00:00<00:0\d, +\d+\.\d\dit/s\]", entries[-1]["m"]
    )
    assert entries[-2]["m"] == "loaded completely;  409.82 MB loaded, full load: True\n"


async def test_a_failure_is_logged_with_its_traceback() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        await comfy.finished(comfy.submit(workflows.failing(tag="no luck")))
        log = await read(comfy.url, "/internal/logs")

    assert "!!! Exception during processing !!! bench failure: no luck\n" in log
    assert "Traceback (most recent call last):\n" in log
    assert "ValueError: bench failure: no luck\n" in log


async def test_a_restart_clears_the_console_and_says_hello_again() -> None:
    now = [1_800_000_000.0]

    async with SimComfyUI(speed=math.inf, clock=lambda: now[0]) as comfy:
        before = (await read(comfy.url, "/internal/logs/raw"))["entries"]
        comfy.submit(workflows.text("one"))
        await comfy.idle()
        now[0] += 3600
        await comfy.restart()
        after = (await read(comfy.url, "/internal/logs/raw"))["entries"]

    assert "ComfyUI version: 0.12.1\n" in [entry["m"] for entry in before]
    assert [entry["m"] for entry in after] == [entry["m"] for entry in before]
    assert after[0]["t"] > before[0]["t"]


def test_bars_look_as_those_of_tqdm() -> None:
    texts = [message["entries"][-1]["m"] for message in recorded_logs()]
    drawn = {re.search(r"\d/6", text)[0]: text for text in texts[:20] if "/6" in text}

    assert bar_text(0, 6, elapsed=0.0, rate=0.0) == drawn["0/6"][1:]
    assert bar_text(1, 6, elapsed=0.4, rate=2.58) == drawn["1/6"][1:]
    assert bar_text(4, 6, elapsed=1.2, rate=3.46) == drawn["4/6"][1:]
    assert bar_text(3, 8, elapsed=95.0, rate=0.5) == " 38%|███▊      | 3/8 [01:35<00:10,  2.00s/it]"
    assert bar_text(7, None, elapsed=3.0, rate=2.5) == "7it [00:03,  2.50it/s]"


def test_the_last_300_entries_are_kept_and_a_bar_takes_one() -> None:
    log = Log(clock=lambda: 0.0, send=lambda entries: None)
    for number in range(400):
        log.line(f"line {number}")
    for number in range(50):
        log.write(f"\rbar {number}")

    assert len(log.entries) == 300
    assert [entry["m"] for entry in log.entries][-2:] == ["line 399\n", "\rbar 49"]
