"""Settings: where each comes from, and what a wrong one is told."""

from pathlib import Path
from typing import Any

import pytest

from headway.config import MASK, load, masked, read
from headway.errors import ConfigError

FILE = """
[sources.studio]
url = "http://studio.lan:8188"
keep_prompts = "none"

[sources."10.0.0.2"]
url = "http://10.0.0.2:8188"

[server]
port = 9000
allowed_origins = ["https://status.example"]

[server.tokens.bob]
token = "s3cret"
role = "report"
sources = ["bob-"]

[plane]
keep_days = 30.0

[store]
durability = "normal"
"""


def shown(**given: Any) -> dict[str, tuple[Any, str]]:
    return {one.name: (one.value, one.origin) for one in load(**given).effective()}


def test_without_anything_the_defaults_hold() -> None:
    config = load().config

    assert config.sources == {}
    assert config.server.port == 8329
    assert config.store.durability == "full"
    assert {origin for _, origin in shown().values()} == {"default"}


def test_the_file_says_what_it_says() -> None:
    config = load(FILE).config

    assert config.sources["studio"].keep_prompts == "none"
    assert config.sources["10.0.0.2"].url == "http://10.0.0.2:8188"
    assert config.server.allowed_origins == ["https://status.example"]
    assert config.server.tokens["bob"].role == "report"
    assert (config.plane.keep_days, config.store.durability) == (30.0, "normal")


def test_flags_win_over_the_environment_and_that_over_the_file() -> None:
    env = {"HEADWAY_SERVER_PORT": "9001", "HEADWAY_PLANE_KEEP_DAYS": "7"}

    found = shown(text=FILE, env=env, flags={"server.port": 9002}, file="my.toml")

    assert found["server.port"] == (9002, "--port")
    assert found["plane.keep_days"] == (7.0, "HEADWAY_PLANE_KEEP_DAYS")
    assert found["store.durability"] == ("normal", "my.toml")
    assert found["server.limits.streams"] == (1000, "default")


def test_the_environment_may_name_a_source() -> None:
    env = {"HEADWAY_SOURCES_STUDIO_URL": "http://h:1", "HEADWAY_SOURCES_STUDIO_LOGS": "false"}

    config = load(env=env).config

    assert config.sources["studio"].url == "http://h:1"
    assert config.sources["studio"].logs is False


def test_lists_in_the_environment_are_split_at_commas() -> None:
    assert load(env={"HEADWAY_SERVER_BIND": "127.0.0.1, ::1"}).config.server.bind == [
        "127.0.0.1",
        "::1",
    ]


def test_other_variables_of_ours_are_no_settings() -> None:
    env = {"HEADWAY_URL": "x", "HEADWAY_STATE_DIR": "y", "HEADWAY_COMFYUI_URL": "z", "PATH": "p"}

    assert load(env=env) == load()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[server]\nprot = 1", "no setting 'server.prot'", "port"),
        ("[sever]\nport = 1", "no setting 'sever'", "server"),
        ('[sources.a]\nurl = "http://x"\nkeep_prompt = "all"', "keep_prompt", "keep_prompts"),
        ("[server.limits]\nbody = 1", "server.limits.body", "body_bytes"),
        ("[server]\nzzz = 1", "server.zzz", "allowed_origins"),
    ],
)
def test_a_key_that_does_not_exist_names_the_nearest(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as told:
        load(text)

    assert hint in told.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[server]\nport = "x"', "server.port: expected `int`"),
        ('[sources.a]\nurl = "nonsense"', "a url reads http://host:port"),
        ('[sources.a]\nkind = "comfyui"', "missing required field `url`"),
        ("server = 3", "server: expected `object`"),
        ("[sources]\na = 3", "expected `object`"),
        ('[store]\ndurability = "some"', "store.durability"),
        ("not toml", "config.toml: "),
    ],
)
def test_a_wrong_value_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(text)

    assert message in str(told.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEADWAY_SERVER_PROT", "1"),
        ("HEADWAY_SERVER_PORT", "many"),
        ("HEADWAY_SERVER_LIMITS", "x"),
        ("HEADWAY_SERVER_PORT_X", "1"),
        ("HEADWAY_STORE_DURABILITY", "some"),
        ("HEADWAY_SOURCES", "x"),
        ("HEADWAY_SOURCES_STUDIO", "x"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        load(env={variable: value})


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    text = FILE + '[sources.far]\nurl = "http://ann:pw@far:8188"\n'

    found = shown(text=text)

    assert found["server.tokens.bob.token"][0] == MASK
    assert found["sources.far.url"][0] == f"http://{MASK}@far:8188"
    assert "s3cret" not in str(found)
    assert masked("a.token", "") == ""


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as told:
        load("[server.tokens.bob]\ntoken = 12345\n")

    assert "12345" not in str(told.value)


def test_a_file_that_is_not_there_is_empty_unless_it_was_demanded(tmp_path: Path) -> None:
    path = str(tmp_path / "none.toml")

    assert read(path) == load(file=path)
    with pytest.raises(ConfigError, match="no such file"):
        read(path, demanded=True)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match=r"bad\.toml"):
        read(str(tmp_path / "bad.toml"))
    with pytest.raises(ConfigError, match="cannot read"):
        read(str(tmp_path))
