"""A pipeline's file: YAML groups of assets → a flat list of what is to be made.

    assets:
      - name: Creatures
        output_dir: creatures          # below the parent's
        seed_offset: 100               # added to the parent's
        metadata: {style: ink wash}    # text added to prompts; inherited, a child overrides
        params: {model: dream, steps: 30}   # as of `headway generate image`; inherited
        assets:
          - id: fox
            name: Fox
            prompt: a fox at dusk
            filename: fox.png          # else the id
        subgroups: [ … groups … ]

Rule 1: the same file makes the same list, byte for byte: metadata comes in the order in
which it is written, the outermost group's first, and an override keeps its place.
Rule 2: seed = base + the offsets of all groups around it + its index in its own group.
Rule 3: every complaint names line and column, and an unknown field the nearest known one.
Rule 4: no path leads out, no two assets have one path, and a file of aliases within
aliases ends at `MOST` nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

import msgspec
import yaml

from headway.errors import HeadwayError, UsageError
from headway.generate.naming import below, cleaned

MOST = 100_000  # nodes that are looked at
DEEPEST = 20  # groups within one another
LARGEST = 16_777_216  # bytes of a file

GROUP = ("name", "output_dir", "seed_offset", "metadata", "params", "assets", "subgroups")
ASSET = ("id", "name", "prompt", "filename", "metadata", "params")
TOP = ("assets", "metadata", "params")


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to make. `seed` counts from the base seed; `groups` are names, outermost first."""

    id: str
    name: str
    prompt: str
    path: str
    seed: int
    groups: tuple[str, ...] = ()
    params: dict[str, Any] = {}


class _Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a group hands down."""

    path: PurePosixPath = PurePosixPath()
    seed: int = 0
    metadata: dict[str, str] = {}
    params: dict[str, Any] = {}
    groups: tuple[str, ...] = ()


def read_pipeline(text: str, *, name: str = "pipeline") -> list[Asset]:
    """The assets in the order of the file. Raises: UsageError "name:line:column: what"."""
    try:
        if len(text) > LARGEST:
            raise UsageError(f"larger than {LARGEST} bytes")
        reader = _Reader()
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        return reader.assets(top)
    except _Wrong as error:
        raise UsageError(f"{name}:{error.place}: {error}", error.hint) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}: " if mark else ""
        raise UsageError(f"{name}:{place}{error.problem or 'not YAML'}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{name}: not YAML: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{name}: too deeply nested") from error


class _Wrong(HeadwayError):
    """Something in the file is wrong, at a place."""

    def __init__(self, node: yaml.Node, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.place = f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"


class _Reader:
    """Reads one file; counts what it looks at (Rule 4)."""

    def __init__(self) -> None:
        self._looked = 0
        self._paths: dict[str, str] = {}

    def assets(self, top: yaml.Node | None) -> list[Asset]:
        if top is None:
            raise UsageError("the file is empty", "it needs `assets:`, a list of groups")
        fields = self._fields(top, TOP)
        if "assets" not in fields:
            hint = "older files without it are not read: put the groups under `assets:`"
            raise _Wrong(top, "there is no `assets:`", hint)
        around = self._inner(fields, _Around())
        found = [
            one
            for group in self._items(fields["assets"])
            for one in self._group(group, around, depth=0)
        ]
        if not found:
            raise _Wrong(fields["assets"], "no group has any asset")
        return found

    def _group(self, node: yaml.Node, around: _Around, *, depth: int) -> Iterator[Asset]:
        if depth >= DEEPEST:
            raise _Wrong(node, f"more than {DEEPEST} groups within one another")
        fields = self._fields(node, GROUP)
        name = self._text(fields, "name")
        directory = self._text(fields, "output_dir")
        inner = msgspec.structs.replace(
            self._inner(fields, around),
            path=around.path / self._below(directory, fields.get("output_dir", node)),
            seed=around.seed + self._number(fields, "seed_offset"),
            groups=(*around.groups, *([name] if name else [])),
        )
        for index, one in enumerate(self._items(fields.get("assets"))):
            yield self._asset(one, inner, index)
        for group in self._items(fields.get("subgroups")):
            yield from self._group(group, inner, depth=depth + 1)

    def _asset(self, node: yaml.Node, around: _Around, index: int) -> Asset:
        fields = self._fields(node, ASSET)
        given = self._inner(fields, around)
        name, known = self._text(fields, "name"), self._text(fields, "id")
        if not (known or name):
            raise _Wrong(node, "an asset needs an `id`")
        prompt = self._text(fields, "prompt")
        if not prompt:
            raise _Wrong(node, "an asset needs a `prompt`")
        file = self._text(fields, "filename")
        path = around.path / (
            self._below(file, fields["filename"]) if file else cleaned(known or name) + ".png"
        )
        self._once(str(path), node)
        return Asset(
            id=known or name,
            name=name or known,
            prompt=", ".join(text for text in (prompt, *given.metadata.values()) if text),
            path=str(path),
            seed=around.seed + index,
            groups=around.groups,
            params=given.params,
        )

    def _once(self, path: str, node: yaml.Node) -> None:
        # Windows and macOS take names that differ in case alone for one file.
        place = f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        known = path.casefold()
        if known in self._paths:
            before = self._paths[known]
            raise _Wrong(node, f"{path} is made at {before} already", "give it a `filename`")
        self._paths[known] = place

    def _inner(self, fields: Mapping[str, yaml.Node], around: _Around) -> _Around:
        metadata = {
            name: "" if value is None else str(value)
            for name, value in self._plain(fields, "metadata")
        }
        return msgspec.structs.replace(
            around,
            metadata={**around.metadata, **metadata},
            params={**around.params, **dict(self._plain(fields, "params"))},
        )

    def _fields(self, node: yaml.Node, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        found = self._mapping(node)
        for name, (key, _) in found.items():
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise _Wrong(key, f"unknown field {name!r}", hint)
        return {name: value for name, (_, value) in found.items()}

    def _mapping(self, node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        self._look(node)
        if not isinstance(node, yaml.MappingNode):
            raise _Wrong(node, "this should be fields with values")
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Wrong(key, "a field's name is a word")
            if key.value in found:
                raise _Wrong(key, f"{key.value!r} stands here twice")
            found[key.value] = (key, value)
        return found

    def _items(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        self._look(node)
        if not isinstance(node, yaml.SequenceNode):
            raise _Wrong(node, "this should be a list: each line begins with `- `")
        return list(node.value)

    def _plain(
        self, fields: Mapping[str, yaml.Node], name: str
    ) -> Iterator[tuple[str, str | int | float | bool | list[str] | None]]:
        if name not in fields:
            return
        for key, (_, node) in self._mapping(fields[name]).items():
            if isinstance(node, yaml.SequenceNode):
                yield key, [str(self._value(one)) for one in self._items(node)]
            else:
                yield key, self._value(node)

    def _value(self, node: yaml.Node) -> str | int | float | bool | None:
        self._look(node)
        if not isinstance(node, yaml.ScalarNode):
            raise _Wrong(node, "this should be a text or a number")
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise _Wrong(node, f"cannot be read: {node.value!r}") from error
        return value if isinstance(value, str | int | float | bool | None) else str(node.value)

    def _text(self, fields: Mapping[str, yaml.Node], name: str) -> str:
        value = self._value(fields[name]) if name in fields else None
        return "" if value is None else str(value).strip()

    def _number(self, fields: Mapping[str, yaml.Node], name: str) -> int:
        value = self._value(fields[name]) if name in fields else 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Wrong(fields[name], f"{name} is a whole number")
        return value

    def _below(self, path: str, node: yaml.Node) -> PurePosixPath:
        try:
            return below(path)
        except UsageError as error:
            raise _Wrong(node, str(error), error.hint) from error

    def _look(self, node: yaml.Node) -> None:
        self._looked += 1
        if self._looked > MOST:
            raise _Wrong(node, f"more than {MOST} values (aliases count each time)")
