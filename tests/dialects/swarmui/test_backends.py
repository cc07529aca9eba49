"""Back ends: `running` is ready, and a fall of `seconds_since_used` the only sign of use."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.payloads.swarmui.load import payload

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.backends import Backend, Uses, reachable, read_backends
from headway.dialects.swarmui.machine import read_gpus
from headway.dialects.swarmui.models import read_models


def backends(name: str) -> list[Backend]:
    found = read_backends(payload(f"ListBackends.{name}.response"))
    assert isinstance(found, list)
    return found


def test_the_map_is_read_and_each_state_has_its_word() -> None:
    assert {one.id: one.state for one in backends("mixed")} == {
        "0": "ready", "1": "starting", "2": "errored", "3": "disabled",
        "4": "unreachable", "5": "starting", "6": "ready",
    }  # fmt: skip


def test_a_busy_back_end_reads_as_one_that_finished_as_long_ago() -> None:
    idle, busy = backends("full_data")[0], backends("generating")[0]

    assert (idle.state, busy.state) == ("ready", "ready")


def test_nobody_configured_a_back_end() -> None:
    assert backends("empty") == []


def test_back_ends_that_stand_for_others_are_left_out() -> None:
    assert [one.id for one in backends("nonreal")] == ["6"]


@pytest.mark.parametrize("value", [{"backends": []}, {"0": 1}])
def test_an_answer_that_is_no_map_of_back_ends_is_skipped(value: dict[str, Any]) -> None:
    assert isinstance(read_backends(value), Skip)


def test_no_secret_of_the_settings_leaves_the_dialect() -> None:
    settings = {"AuthorizationHeader": "Bearer hush", "Address": "http://u:hush@far"}
    row = {"type": "swarmswarmbackend", "status": "running", "settings": settings}

    found = read_backends({"6": row})

    assert b"hush" not in msgspec.json.encode(found)


def used(seconds: int | None) -> list[Backend]:
    return [Backend(id="0", used=seconds)]


def test_a_fall_proves_a_use_and_an_ageing_back_end_does_not() -> None:
    uses = Uses()

    assert uses.fell(used(90), 100.0) == set()
    assert uses.fell(used(95), 105.0) == set()
    assert uses.fell(used(0), 110.0) == {"0"}
    assert uses.fell(used(2), 120.0) == {"0"}  # it should be 10 by now


def test_a_first_use_is_a_use() -> None:
    uses = Uses()
    uses.fell(used(None), 100.0)

    assert uses.fell(used(1), 105.0) == {"0"}


def test_never_used_is_not_used_just_now() -> None:
    assert backends("default")[0].used is None


@pytest.mark.parametrize(
    ("address", "server", "found"),
    [
        ("http://192.168.0.7:8188", "http://far:7801", "http://192.168.0.7:8188"),
        ("http://localhost:8188", "http://127.0.0.1:7801", "http://localhost:8188"),
        ("http://localhost:8188", "http://far:7801", ""),  # its own loopback, not ours
        ("", "http://127.0.0.1:7801", ""),
    ],
)
def test_a_comfyui_is_reached_where_its_address_means_the_same_here(
    address: str, server: str, found: str
) -> None:
    assert reachable(Backend(id="4", type="comfyui_api", address=address), server) == found


def test_a_gpu_is_read_where_there_is_one() -> None:
    name, readings = read_gpus(payload("GetServerResourceInfo.nvidia.response"))["0"]

    assert (name, readings["gpu_temperature"]) == ("NVIDIA GeForce RTX 4090", 61.0)
    assert read_gpus(payload("GetServerResourceInfo.no_gpu.response")) == {}


def test_models_are_read_with_what_is_said_of_them() -> None:
    found = read_models(payload("ListModels.response"))

    assert isinstance(found, list)
    assert [(one.name, one.loaded) for one in found] == [
        ("flux1-dev-fp8.safetensors", False),
        ("OfficialStableDiffusion/sd_xl_base_1.0.safetensors", True),
    ]
    assert isinstance(read_models({"error": "x"}), Skip)
