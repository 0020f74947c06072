"""Which tasks, requests and transactions use a session, and when.

Adds ``Transactions`` to the state of a path: what is certain of each session's transaction.
It stays within one function.  Adds no effect; a run notes its coroutines, tasks and flushes.
Needs database, to tell which values are sessions.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.session_scope import tasks, transactions
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "session_scope",
    ("database",),
    observers=Observers(
        assigned=(tasks.note_assignment,),
        awaited=(tasks.note_awaited, transactions.note_awaited),
        block_begins=(transactions.begin_blocks,),
        block_ends=(transactions.end_blocks,),
        called=(tasks.note_call, transactions.note_call),
        caught=(transactions.note_caught,),
        dropped=(tasks.note_dropped,),
        entered=(tasks.note_entered, transactions.enter_block),
        function_ends=(tasks.report_left_alone,),
        handlers_begin=(transactions.begin_handlers,),
        try_begins=(transactions.begin_try,),
        try_ends=(transactions.end_try,),
    ),
)
