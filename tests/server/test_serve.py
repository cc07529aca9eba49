from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from tests.server.house import House

from headway.errors import ConfigError
from headway.host import runfile
from headway.plane.plane import Plane
from headway.server.serve import Address, serve
from headway.server.settings import Settings, Token
from headway.store.memory import MemoryStore


async def test_one_port_answers_at_every_local_address(house: House) -> None:
    addresses = house.serving.addresses

    assert addresses[0].host == "127.0.0.1"
    assert len({one.port for one in addresses}) == 1
    for one in addresses:
        async with house.session.get(f"{one.url}/healthz") as answer:
            assert answer.status == 200


async def test_the_run_file_is_there_while_the_door_is_open(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    async with Plane(MemoryStore()) as plane:
        async with serve(plane, Settings(port=0), run_file=path) as serving:
            run = runfile.live(path)
            mode = os.stat(path).st_mode & 0o777

        assert run is not None
        assert (run.token, run.port) == (serving.token, serving.addresses[0].port)
        assert (run.pid, run.epoch) == (os.getpid(), plane.store.cursor().epoch)
        assert os.name == "nt" or mode == 0o600
        assert runfile.read(path) is None


async def test_a_taken_port_says_who_has_it(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    async with (
        Plane(MemoryStore()) as plane,
        serve(plane, Settings(port=0), run_file=path) as serving,
    ):
        taken = Settings(port=serving.addresses[0].port)
        with pytest.raises(ConfigError, match="by Headway itself") as ours:
            async with serve(plane, taken, run_file=path):
                pass
        assert serving.url in ours.value.hint
        assert runfile.live(path) is not None


async def test_a_port_that_another_program_has_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        async with Plane(MemoryStore()) as plane:
            with pytest.raises(ConfigError, match=f"port {port} is taken by another") as error:
                async with serve(plane, Settings(port=port)):
                    pass
    assert "--port" in error.value.hint


async def test_an_address_that_is_not_ours_is_an_error() -> None:
    async with Plane(MemoryStore()) as plane:
        with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
            async with serve(plane, Settings(port=0, bind=["192.0.2.1"])):
                pass


async def test_an_address_that_this_machine_lacks_is_left_out() -> None:
    async with Plane(MemoryStore()) as plane:
        settings = Settings(port=0, bind=["127.0.0.1", "2001:db8::1"])
        async with serve(plane, settings) as serving:
            assert [one.host for one in serving.addresses] == ["127.0.0.1"]


async def test_a_token_is_new_each_time_unless_given() -> None:
    async with Plane(MemoryStore()) as plane:
        async with serve(plane, Settings(port=0)) as one, serve(plane, Settings(port=0)) as two:
            assert one.token != two.token
            assert len(one.token) >= 32
            assert one.token in one.page
        async with serve(plane, Settings(port=0), token="mine") as three:
            assert three.token == "mine"


async def test_what_is_shown_in_logs_holds_no_token(house: House) -> None:
    assert house.serving.token not in repr(house.serving)
    assert "hush" not in repr(Settings(tokens={"wall": Token(token="hush")}))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:1"),
        ("::1", "http://[::1]:1"),
        ("192.168.1.5", "http://192.168.1.5:1"),
    ],
)
def test_an_address_reads_as_a_browser_wants_it(host: str, url: str) -> None:
    assert Address(host=host, port=1).url == url
