"""Which tasks, requests and transactions use a session, and when.

Adds ``Transactions`` to the state of a path: what is certain of each session's transaction.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.session_scope import tasks, transactions
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "session_scope",
    ("database",),
    observers=Observers(
        assigned=(tasks.assigned,),
        awaited=(tasks.awaited, transactions.awaited),
        block_begins=(transactions.block_begins,),
        block_ends=(transactions.block_ends,),
        called=(tasks.called, transactions.called),
        caught=(transactions.caught,),
        dropped=(tasks.dropped,),
        entered=(tasks.entered, transactions.entered),
        function_ends=(tasks.ended,),
        handlers_begin=(transactions.handlers_begin,),
        try_begins=(transactions.try_begins,),
        try_ends=(transactions.try_ends,),
    ),
)
