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
    "decimal": "a Decimal",
    "enum": "a member of an enum",
    "moment": "a date or time",
    "number": "a number",
    "schema": "an object of Pydantic",
    "secret": "a secret",
    "text": "a string",
    "url": "a URL of Pydantic",
    "uuid": "a UUID",
}
_REMEDIES: Final = {
    ("naive moment", "aware"): "declare it as DateTime(timezone=True)",
    ("text", "number"): "pass str(...)",
    ("text", "uuid"): "pass str(...)",
    ("integer", "text"): "pass int(...)",
    ("json", "schema"): "pass its model_dump(mode='json')",
    ("text", "url"): "pass str(...)",
    ("text", "enum"): "pass its value",
    ("text", "secret"): "pass its get_secret_value()",
    ("text", "moment"): "pass its isoformat()",
    ("text", "aware"): "pass its isoformat()",
    ("text", "decimal"): "pass str(...)",
    ("relationship", "schema"): "make mapped objects of it",
}
_BY_COLUMN: Final = {
    "json": "convert it first, as model_dump(mode='json') does",
    "relationship": "pass mapped objects",
}


def check(events: Events) -> Iterator[Finding]:
    for found in events.of(ValueRefused):
        column = _COLUMNS.get(found.column_kind, f"a {found.column_kind}")
        usual = _BY_COLUMN.get(found.column_kind, "convert it first")
        remedy = _REMEDIES.get((found.column_kind, found.value_kind), usual)
        value = _VALUES.get(found.value_kind) or f"a {found.value_kind}"
        message = f"{found.driver} refuses {value} for {found.column}, which is {column}: {remedy}"
        yield RULE.at(found, message)
