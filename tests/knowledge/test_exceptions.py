"""The table of exceptions against the installed libraries."""

from __future__ import annotations

from importlib import import_module

import pytest

from flake8_async_fastapi.knowledge.exceptions import ALIASES, BASES, is_derived


def installed(dotted: str) -> type[BaseException]:
    module, _, name = dotted.rpartition(".")
    found = getattr(import_module(module), name)
    assert issubclass(found, BaseException)
    return found


@pytest.mark.parametrize("name", [*BASES, *ALIASES])
def test_what_an_exception_is_derived_from(name: str) -> None:
    own = installed(name)
    for other in (*BASES, *ALIASES, "builtins.Exception", "builtins.BaseException", "builtins.ValueError"):
        assert is_derived(name, other) is issubclass(own, installed(other))


@pytest.mark.parametrize(
    ("name", "base", "expected"),
    [
        ("builtins.KeyError", "builtins.LookupError", True),
        ("builtins.KeyError", "sqlalchemy.exc.SQLAlchemyError", False),
        ("builtins.KeyboardInterrupt", "builtins.Exception", False),
        ("some.Error", "some.Error", True),
        ("some.Error", "builtins.Exception", True),
        ("some.Error", "builtins.ValueError", None),
        ("sqlalchemy.exc.IntegrityError", "some.Error", None),
    ],
)
def test_what_the_table_does_not_hold(name: str, base: str, expected: bool | None) -> None:
    assert is_derived(name, base) is expected
