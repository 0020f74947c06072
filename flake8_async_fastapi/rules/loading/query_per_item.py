"""AFA315: a loop sends a statement for each of its items."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import ItemQueried
from flake8_async_fastapi.rules.model import Events, Finding, Rule
from flake8_async_fastapi.rules.wording import at

RULE = Rule(
    "AFA315",
    "query-per-item",
    "advice",
    "a loop sends a statement for each item, although one with in_() or a loader option could fetch all",
)


def check(events: Events) -> Iterator[Finding]:
    for queried in events.of(ItemQueried):
        yield RULE.at(
            queried,
            f"{queried.text} sends a statement{at(queried.sent)} "
            f"for each item of the loop at {queried.loop}: "
            + _remedy(queried),
        )


def _remedy(queried: ItemQueried) -> str:
    cls, _, attribute = queried.asked.partition(".")
    if not attribute:
        what = f"the {cls} objects" if cls else "the rows"
        return f"fetch {what} before the loop, with one select() and in_()"
    where = f"query at {queried.query}" if queried.query is not None else "query of these objects"
    return f"add .options(selectinload({cls}.{attribute})) to the {where}"
