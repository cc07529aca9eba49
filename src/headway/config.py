"""All settings, from where they come, and what each of them is in the end.

    [sources.studio]                 # any name
    kind = "comfyui"
    url = "http://127.0.0.1:8188"

    [server]                         # headway.server.settings.Settings
    [plane]                          # headway.plane.settings.Settings
    [store]

Rule 1: defaults < the file < `HEADWAY_SECTION_KEY` of the environment < flags.
Rule 2: a key that does not exist is an error that names the nearest one that does.
Rule 3: secrets are never shown: not by `effective`, not in an error.
Rule 4: each room is given its own struct, never the whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from headway.errors import ConfigError
from headway.plane.settings import Settings as PlaneSettings
from headway.server.settings import Settings as ServerSettings

PREFIX = "HEADWAY_"
SECRETS = frozenset({"token", "password", "api_key", "mirror_token"})
MASK = "********"

Path = tuple[str, ...]

SourceKind = Literal["comfyui", "swarmui"]
KeepPrompts = Literal["own", "all", "none"]


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A back end to watch.

    `keep_prompts`: whose prompts may be stored: own (those that were submitted through
    Headway), all, or none. `poll`: seconds between looks at a busy queue. `logs`: listen
    to its console, for the steps of other people's jobs. `mirror`: listen to its mirror
    extension, for every step of every job; `mirror_token`: of one that was installed on
    another machine. `token`: the `swarm_token` of an account, where a SwarmUI has accounts.
    """

    url: str
    kind: SourceKind = "comfyui"
    title: str = ""
    keep_prompts: KeepPrompts = "own"
    poll: float = 1.0
    logs: bool = True
    mirror: bool = True
    mirror_token: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a url reads http://host:port")


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the store promises. `durability`: full survives a loss of power, normal a kill.

    Where it lies is not a setting but HEADWAY_STATE_DIR: the fast command line, which
    reads no settings, must find it too.
    """

    durability: Literal["full", "normal"] = "full"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every room's settings."""

    sources: dict[str, SourceSettings] = {}
    server: ServerSettings = ServerSettings()
    plane: PlaneSettings = PlaneSettings()
    store: StoreSettings = StoreSettings()


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One value in the end. `origin` names the file, the variable or the flag, or "default"."""

    name: str
    value: Any
    origin: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, and from where each of them came that is not a default."""

    config: Config
    origins: dict[str, str]

    def effective(self) -> list[Setting]:
        """Every setting with its value and origin; secrets are masked."""
        return [
            Setting(name=name, value=masked(name, value), origin=self.origins.get(name, "default"))
            for name, value in (
                (".".join(path), value)
                for path, value in _leaves(msgspec.to_builtins(self.config))
                if value != {}
            )
        ]


def load(
    text: str = "",
    *,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    file: str = "config.toml",
) -> Loaded:
    """The settings from a file's text, an environment and flags ({"server.port": 8330}).

    Raises: ConfigError for what cannot be read, does not exist or has the wrong type.
    """
    origins: dict[str, str] = {}
    merged: dict[str, Any] = {}
    for given, origin in _layers(text, env or {}, flags or {}, file):
        for path, value in given.items():
            _put(merged, path, value)
            origins[".".join(path)] = origin(path)
    try:
        config = msgspec.convert(merged, Config)
    except msgspec.ValidationError as error:
        raise _explained(error, origins) from None
    return Loaded(config=config, origins=origins)


def read(
    path: str,
    *,
    demanded: bool = False,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """The settings with the file at `path`; a file that is not there is empty, unless `demanded`.

    Raises: ConfigError as `load`, and for a file that cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        if demanded:
            raise ConfigError(f"no such file: {path}", "check --config or HEADWAY_CONFIG") from None
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    return load(text, env=env, flags=flags, file=path)


def masked(name: str, value: Any) -> Any:
    """The value as it may be shown."""
    if name.rpartition(".")[2] in SECRETS:
        return MASK if value else value
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        return parts._replace(netloc=f"{MASK}@{parts.netloc.rpartition('@')[2]}").geturl()
    return value


def _layers(
    text: str, env: Mapping[str, str], flags: Mapping[str, Any], file: str
) -> Iterator[tuple[dict[Path, Any], Callable[[Path], str]]]:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise ConfigError(f"{file}: {message[:1].lower()}{message[1:]}") from error
    _check(said, Config, "", where=file)
    yield dict(_leaves(said)), lambda path: file
    named = {variable: _variable(variable) for variable in sorted(env) if _is_ours(variable)}
    variables = {path: variable for variable, (path, _) in named.items()}
    found = {path: _from_text(env[v], kind, v) for v, (path, kind) in named.items()}
    yield found, lambda path: variables[path]
    demanded = {tuple(name.split(".")): value for name, value in flags.items()}
    yield demanded, lambda path: f"--{path[-1].replace('_', '-')}"


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, (*path, key))


def _put(into: dict[str, Any], path: Path, value: Any) -> None:
    for part in path[:-1]:
        inner = into.setdefault(part, {})
        if not isinstance(inner, dict):
            return  # of the wrong type: told when the whole is converted
        into = inner
    if path:
        into[path[-1]] = value


def _check(said: Any, kind: Any, name: str, *, where: str) -> None:
    # msgspec would say that a key is unknown, not which one was meant.
    inner = _struct_of(kind)
    if not isinstance(said, dict) or inner is None:
        return
    if inner is not kind:  # a table of named things
        for key, value in said.items():
            _check(value, inner, f"{name}.{key}", where=where)
        return
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in said.items():
        full = f"{name}.{key}" if name else key
        if key not in fields:
            raise _unknown(f"{where}: no setting {full!r}", key, list(fields))
        _check(value, fields[key], full, where=where)


def _struct_of(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    inner = getattr(kind, "__args__", ())
    last = inner[-1] if inner and getattr(kind, "__origin__", None) is dict else None
    return last if isinstance(last, type) and issubclass(last, msgspec.Struct) else None


def _is_ours(variable: str) -> bool:
    section = variable.removeprefix(PREFIX).partition("_")[0].lower()
    return variable.startswith(PREFIX) and section in Config.__struct_fields__


def _variable(variable: str) -> tuple[Path, Any]:
    """The setting that an environment variable names, and its type."""
    kind: Any = Config
    names: list[str] = []
    rest = variable.removeprefix(PREFIX).lower()
    while rest:
        if _struct_of(kind) is not kind:  # a table of named things: the name has no "_"
            name, _, rest = rest.partition("_")
            kind = _struct_of(kind)
        else:
            fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
            fitting = [one for one in fields if rest == one or rest.startswith(f"{one}_")]
            if not fitting:
                near = [_as_variable(".".join([*names, one])) for one in fields]
                raise _unknown(f"no setting for {variable}", variable, near)
            name = max(fitting, key=len)
            rest, kind = rest[len(name) + 1 :], fields[name]
        names.append(name)
        if rest and _struct_of(kind) is None:
            raise ConfigError(f"no setting for {variable}", f"{'.'.join(names)} has no parts")
    return tuple(names), kind


def _as_variable(name: str) -> str:
    return PREFIX + name.replace(".", "_").upper()


def _from_text(text: str, kind: Any, variable: str) -> Any:
    if _struct_of(kind) is not None:
        raise ConfigError(f"{variable} is a group of settings", "name one of them")
    value: Any = text
    if getattr(kind, "__origin__", None) is list:
        value = [one.strip() for one in text.split(",") if one.strip()]
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{variable}: {str(error).lower()}") from None


def _unknown(message: str, key: str, known: list[str]) -> ConfigError:
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
    return ConfigError(message, hint)


def _explained(error: msgspec.ValidationError, origins: Mapping[str, str]) -> ConfigError:
    # "Expected `int`, got `str` - at `$.server.port`"
    what, _, place = str(error).partition(" - at `$.")
    name = place.rstrip("`").replace("[...]", "")
    origin = next((origins[one] for one in sorted(origins) if one.startswith(name)), "the settings")
    return ConfigError(f"{origin}: {name or 'a setting'}: {what[:1].lower()}{what[1:]}")
