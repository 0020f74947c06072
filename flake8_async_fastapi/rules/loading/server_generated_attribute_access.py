"""AFA306: an attribute is read that the database computed in the last write."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA306",
    "server-generated-attribute-access",
    "bug",
    "an attribute is read that the database computed in an INSERT or UPDATE, and that expired by it",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("server", "update"):
            path, line, text = missing.lost_at
            name = missing.route[-1].partition(".")[2]
            by = text or "an UPDATE statement"
            yield RULE.at(
                missing,
                f"{wording.subject(missing)}, but the database computes it, and {by} at "
                f"{wording.place(missing, path, line)} expired it: "
                f'await session.refresh(obj, attribute_names=["{name}"]), or set eager_defaults=True',
                unless,
            )
