"""AFA312: a dynamic or write-only relationship is used as a collection."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA312",
    "dynamic-relationship-iteration",
    "bug",
    "a relationship with the strategy dynamic or write_only is iterated, counted or fetched",
    fixable="safe",
)


_STATEMENT = {"dynamic": "statement", "write_only": "select()"}


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause in ("dynamic", "write_only"):
            error = "MissingGreenlet" if missing.cause == "dynamic" else "TypeError"
            collection = missing.route[-1].partition(".")[2]
            holder = missing.holder or missing.route[-1].partition(".")[0].lower()
            select = f"{holder}.{collection}.{_STATEMENT[missing.cause]}"
            yield RULE.at(
                missing,
                f"{wording.subject(missing)} as a collection, which raises {error}: "
                f"its lazy strategy is {missing.cause}; "
                f"await {missing.session or 'session'}.scalars({select})",
                unless,
                RULE.fix(missing, "select_collection", missing.session, collection, missing.cause),
            )
