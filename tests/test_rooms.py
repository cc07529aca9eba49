"""The house: which room may import which, and what no pure room may touch.

`ROOMS` is the table of docs/architecture.md, top to bottom. A room that does not exist
yet may stand in it; a room that stands nowhere in it must not exist. `room.module` is
leave for that one module.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).parent.parent / "src" / "headway"
FILES = sorted(HOUSE.rglob("*.py"))

EVERYWHERE = {"errors", "version"}
EVERY_ROOM = {"*"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "model": set(),
    "fold": {"model"},
    "estimate": {"model"},
    "dialects": {"model"},
    "talk": {"model", "fold"},
    "render": {"model", "fold", "talk"},
    "host": {"model"},
    "store": {"model", "fold", "host"},
    "transport": {"model", "fold", "talk", "host", "store"},
    "sources": {"model", "dialects"},
    "actions": {"model", "dialects", "sources", "host"},
    "hub": {"model", "store.contract"},
    "plane": {"model", "fold", "estimate", "dialects", "talk", "render", "host", "store"}
    | {"transport", "sources", "actions", "hub"},
    "progress": {"model", "fold", "host", "transport"},
    "run": {"model", "progress", "host"},
    "probe": {"model", "fold", "dialects", "talk", "host"},
    "tqdm": {"model", "progress"},
    "generate": {"model", "fold", "dialects", "host", "transport", "sources", "actions"}
    | {"progress"},
    "illustrate": {"model", "progress", "generate"},
    "daemons": {"model", "progress", "sources", "actions", "store"},
    "server": {"model", "fold", "talk", "render", "host", "actions", "hub", "plane"}
    | {"store.contract", "sources.contract", "generate", "illustrate", "daemons"},
    "client": {"model", "talk", "transport.place"},
    "monitor": {"model", "dialects", "talk", "host", "store", "transport.place", "sources"}
    | {"client", "plane", "server"},
    "config": EVERY_ROOM,
    "sim": set(),
    "cli": EVERY_ROOM,
    "top": EVERY_ROOM,
    "comfyui_extension": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
PURE = {"errors", "model", "fold", "estimate", "dialects", "talk", "render"}
IMPURE = {"asyncio", "logging", "os", "pathlib", "random", "socket", "sqlite3", "subprocess"}
IMPURE |= {"threading", "tempfile", "urllib.request", "http.client", "aiohttp", "apsw"}
DATES = {"render", "talk", "dialects"}  # these read and write given times, and ask for none
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "sleep"}
ONE_SYSTEM_ONLY = {"fcntl", "pty", "termios", "msvcrt", "winreg", "pwd", "grp"}


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_bytes())))


@cache
def imports(path: Path) -> set[str]:
    """Every name in an import, those inside functions included."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # the names as written: "headway.fold.views.view" for from … import view
            found |= {f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names}
    return found


def is_within(name: str, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


Rule = Callable[[Path], set[str]]


def offences(rule: Rule, rooms: Iterable[str] = tuple(ROOMS)) -> dict[str, set[str]]:
    """What breaks a rule, by file."""
    found = {str(path.relative_to(HOUSE)): rule(path) for path in FILES if room_of(path) in rooms}
    return {name: broken for name, broken in found.items() if broken}


def test_the_table_lists_rooms_from_the_ground_up() -> None:
    order = list(ROOMS)

    for room, allowed in ROOMS.items():
        lower = {one.partition(".")[0] for one in allowed - EVERY_ROOM}
        assert room.startswith("__") or all(order.index(one) < order.index(room) for one in lower)


def test_a_room_imports_only_what_the_table_allows() -> None:
    def rule(path: Path) -> set[str]:
        allowed = ROOMS[room_of(path)] | EVERYWHERE | {room_of(path)}
        ours = {name.partition(".")[2] for name in imports(path) if is_within(name, ["headway"])}
        return set() if "*" in allowed else {one for one in ours if not is_within(one, allowed)}

    assert not offences(rule)


def test_no_import_is_relative() -> None:
    assert not offences(lambda path: {name for name in imports(path) if name.startswith(".")})


def test_a_pure_room_has_no_loop_no_log_no_file_no_socket_and_no_chance() -> None:
    def rule(path: Path) -> set[str]:
        forbidden = IMPURE | (set() if room_of(path) in DATES else {"datetime", "time"})
        used = {name for name in imports(path) if is_within(name, forbidden)}
        return used | ({one.id for one in nodes(path) if isinstance(one, ast.Name)} & {"open"})

    assert not offences(rule, PURE)


def test_a_pure_room_never_asks_what_time_it_is() -> None:
    def rule(path: Path) -> set[str]:
        asked = {ast.unparse(node) for node in nodes(path) if isinstance(node, ast.Attribute)}
        clocks = {f"{at}.{clock}" for at in ("time", "datetime", "date") for clock in CLOCKS}
        return {one for one in asked | imports(path) if one.endswith(tuple(clocks))}

    assert not offences(rule, PURE)


def test_what_only_one_system_has_lives_in_host() -> None:
    def rule(path: Path) -> set[str]:
        found = {name for name in imports(path) if is_within(name, ONE_SYSTEM_ONLY)}
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr == "AF_UNIX":
                found.add("AF_UNIX")
            if isinstance(node, ast.Constant) and str(node.value).startswith("/proc"):
                found.add(str(node.value))
        return found

    assert not offences(rule, set(ROOMS) - {"host"})


def test_every_task_has_a_parent() -> None:
    """A task group's `create_task` is fine, and so is a task that a `with` block ends."""

    def rule(path: Path) -> set[str]:
        blocks = [node for node in nodes(path) if "contextmanager" in decorators(node)]
        parented = {id(inner) for block in blocks for inner in ast.walk(block)}
        calls = {
            ast.unparse(node)
            for node in nodes(path)
            if isinstance(node, ast.Attribute) and id(node) not in parented
        }
        tasks = {name for name in calls if name.endswith((".create_task", ".ensure_future"))}
        named = imports(path) & {"asyncio.create_task", "asyncio.ensure_future"}
        return named | {name for name in tasks if "asyncio." in name or "loop" in name}

    assert not offences(rule)


def decorators(node: ast.AST) -> str:
    return " ".join(ast.unparse(one) for one in getattr(node, "decorator_list", []))


def test_no_room_is_empty_and_none_is_unknown() -> None:
    rooms = {room_of(path) for path in FILES}
    hollow = {
        folder.name
        for folder in HOUSE.iterdir()
        if folder.is_dir()
        and folder.name != "__pycache__"
        and len([path for path in folder.rglob("*.py") if path.stat().st_size]) < 2
    }

    assert not hollow
    assert rooms <= set(ROOMS)


def test_every_file_opens_by_saying_what_it_is_about() -> None:
    silent = [path for path in FILES if not ast.get_docstring(ast.parse(path.read_bytes()))]

    assert not silent


def test_the_plan_in_the_docs_names_the_same_rooms() -> None:
    page = (HOUSE.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert not [room for room in ROOMS if not room.startswith("__") and f"`{room}" not in page]
