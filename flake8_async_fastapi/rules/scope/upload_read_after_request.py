"""AFA512: an upload is read when it is closed, or a body when it is consumed."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import BodyConsumed
from flake8_async_fastapi.domains.session_scope.events import UploadReadLate
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA512",
    "upload-read-after-request",
    "bug",
    "an UploadFile is read in a detached task; before FastAPI 0.118 also in a background task or a stream",
)

_WORDS = {"background": "a background task", "task": "a task that nobody awaits", "stream": "a stream"}


def check(events: Events) -> Iterator[Finding]:
    for found, unless in events.with_doubtful(UploadReadLate):
        yield RULE.at(
            found,
            f"{found.text} passes {found.upload} to {_WORDS[found.use]}, which reads it after the request "
            "has closed it: read it first, and pass its content",
            unless,
        )
    for read in events.of(BodyConsumed):
        if read.problem == "after":
            why = "finds no body, because call_next() has consumed it: await request.body() before that"
        else:
            why = "leaves the route without a body: await request.body() before that, which keeps it"
        yield RULE.at(read, f"{read.text}() {why}")
