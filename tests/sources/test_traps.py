"""The table of traps names tests that exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from tests.sources.traps import TRAPS

TESTS = Path(__file__).parents[1]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_is_held_by_tests_that_exist(trap: str) -> None:
    assert TRAPS[trap]
    for test in TRAPS[trap]:
        file, _, name = test.partition("::")
        assert name in functions_of(file)


def test_no_numbered_trap_is_missing() -> None:
    numbers = {name.split()[0] for name in TRAPS if name[0].isdigit()}

    assert numbers == {str(n) for n in range(1, 21)}
