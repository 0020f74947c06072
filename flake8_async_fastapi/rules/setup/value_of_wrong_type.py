"""AFA421: a value of a type that the driver refuses for its column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.orm.events import ValueRefused
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA421",
    "value-of-wrong-type",
    "bug",
    "a column gets or is compared with a value that asyncpg or aiosqlite refuses, such as an aware datetime",
)
_COLUMNS: Final = {
    "naive moment": "a timestamp without time zone",
    "aware moment": "a timestamp with time zone",
    "integer": "an integer",
    "json": "JSON",
    "uuid": "a UUID",
}
_VALUES: Final = {
    "aware": "a datetime with a time zone",
    "number": "a number",
    "schema": "an object of Pydantic",
    "text": "a string",
    "uuid": "a UUID",
}
_REMEDIES: Final = {
    ("naive moment", "aware"): "declare it as DateTime(timezone=True)",
    ("text", "number"): "pass str(...)",
    ("text", "uuid"): "pass str(...)",
    ("integer", "text"): "pass int(...)",
    ("json", "schema"): "pass its model_dump(mode='json')",
}


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ValueRefused):
        column = _COLUMNS.get(found.column_kind, f"a {found.column_kind}")
        remedy = _REMEDIES.get((found.column_kind, found.value_kind), "convert it first")
        value = _VALUES[found.value_kind]
        message = f"{found.driver} refuses {value} for {found.column}, which is {column}: {remedy}"
        yield RULE.at(found, message)
