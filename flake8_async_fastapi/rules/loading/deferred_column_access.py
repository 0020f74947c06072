"""AFA307: a column is read that the query left out."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import Missing
from flake8_async_fastapi.rules.loading import wording
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA307",
    "deferred-column-access",
    "bug",
    "a column is read that is deferred, left out by load_only, or of a subclass",
)


def check(events: Events) -> Iterator[Finding]:
    for missing, unless in events.with_doubtful(Missing):
        if missing.cause == "deferred":
            lost = f"{wording.subject(missing)}, but {wording.origin(missing)} leaves it out"
            yield RULE.at(missing, f"{lost}: {_remedy(missing)}", unless)
        elif missing.cause == "subclass":
            cls = missing.route[-1].partition(".")[0]
            yield RULE.at(
                missing,
                f"{wording.subject(missing)}, but {wording.origin(missing)} loads the columns of its base "
                f"only: select {cls}, or use selectin_polymorphic()",
                unless,
            )


def _remedy(missing: Missing) -> str:
    """How to have the column loaded: by the query, or for an object that no query gave, by a refresh."""
    if missing.source[0] != "query":
        return f"await session.refresh(obj, {wording.names(missing)})"
    *above, name = missing.route
    chain = "".join(f"selectinload({step})." for step in above)
    return f"add .options({chain}undefer({name}))"
