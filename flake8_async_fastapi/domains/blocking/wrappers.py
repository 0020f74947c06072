"""Clients in wrappers: ``instructor.from_openai(OpenAI())`` blocks as the client does.

Source: the documentation of Instructor and LangSmith.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.values import Value
from flake8_async_fastapi.knowledge.clients import WRAPPERS


def _wrapped_client(site: CallSite) -> Value | None:
    return site.arguments.get(0, "client")


CALLS: Final[Mapping[str, CallModel]] = dict.fromkeys(WRAPPERS, _wrapped_client)
