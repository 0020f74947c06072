"""AFA311: a loader option has no effect, or fails."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA311",
    "ineffective-loader-option",
    "bug",
    "a loader option is dropped, named by a text, of another model, or given for an object already loaded",
)


def check(events: Events) -> Iterator[Finding]:
    for option in events.of(OptionIgnored):
        if option.why == "dropped":
            message = f"{option.text}() gives a new statement, which nobody keeps: assign it"
        elif option.why == "text":
            message = f"{option.text}: SQLAlchemy 2 takes no texts here: name the attribute of the class"
        elif option.why == "root":
            message = f"the option for {option.text} fails in a query of {option.detail}: begin there"
        else:
            message = (
                f"the options of get() have no effect, since {option.text} was loaded at {option.detail}: "
                "add populate_existing=True, or give them there"
            )
        yield RULE.at(option, message)
