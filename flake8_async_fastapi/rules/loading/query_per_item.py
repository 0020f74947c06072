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
    same: dict[tuple[object, ...], list[ItemQueried]] = {}
    for queried in events.of(ItemQueried):
        place = queried.path, queried.line, queried.col
        same.setdefault((*place, queried.text, queried.asked, queried.sent), []).append(queried)
    for first, *others in same.values():
        yield RULE.at(
            first,
            f"{first.text} sends a statement{at(first.sent)} "
            f"for each item of the loop at {first.loop}: "
            + _remedy(first, len(others)),
        )


def _remedy(queried: ItemQueried, more: int) -> str:
    """What to do instead; ``more`` other queries return such objects for the same loop."""
    cls, _, attribute = queried.asked.partition(".")
    if queried.is_counted:
        return "get the values of all items before the loop, with one select(), in_() and group_by()"
    if not attribute:
        what = f"the {cls} objects" if cls else "the rows"
        return f"fetch {what} before the loop, with one select() and in_()"
    where = f"query at {queried.query}" if queried.query is not None else "query of these objects"
    others = f" (and to {more} more)" if more else ""
    return f"add .options(selectinload({cls}.{attribute})) to the {where}{others}"
