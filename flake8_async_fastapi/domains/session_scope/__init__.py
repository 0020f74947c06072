"""Which tasks, requests and transactions use a session, and when.

Adds ``Transactions`` and ``Connections`` to the state of a path: certain knowledge of each session's
transaction, which stays within one function, and of its connection; and ``Closed``, the HTTP clients that are
closed. Adds ``ConnectionEffect`` and ``WriteEffect`` to the summary of a call, and for HTTP clients
``ClientClosing`` and ``ClosedByCall``. A run notes its coroutines, tasks, flushes, waits, writes and late
commits. Needs blocking, database, fastapi and orm, to find functions
that run before requests, sessions, dependencies, and the objects of a session.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.session_scope import (
    attempts,
    borrowed,
    clients,
    closed,
    connection_effects,
    connections,
    cursors,
    foreign_objects,
    gathers,
    late_commits,
    leaks,
    left_failed,
    left_loops,
    lost_writes,
    request_variables,
    resolvers,
    taken_back,
    tasks,
    transactions,
    writes,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "session_scope",
    ("blocking", "database", "fastapi", "orm"),
    models=Models(methods={**clients.METHODS, **closed.METHODS}, entries=closed.ENTRIES),
    observers=Observers(
        assigned=(tasks.note_assignment,),
        awaited=(tasks.note_awaited, transactions.note_awaited),
        block_begins=(closed.begin_blocks, connections.begin_blocks, transactions.begin_blocks),
        block_ends=(closed.end_blocks, connections.end_blocks, transactions.end_blocks),
        broken_off=(connections.break_off, transactions.break_off),
        called=(
            attempts.ASKS,
            borrowed.CALLS,
            closed.CALLS,
            connections.CALLS,
            leaks.CALLS,
            *tasks.CALLS,
            transactions.CALLS,
            gathers.CALLS,
            foreign_objects.CALLS,
            cursors.CALLS,
            taken_back.CALLS,
        ),
        caught=(transactions.note_caught,),
        dropped=(tasks.note_dropped,),
        escaped=(connections.note_escaped,),
        entered=(clients.note_entered, closed.enter_block, tasks.note_entered, transactions.enter_block),
        function_ends=(
            clients.report_left_open,
            late_commits.report_late_commits,
            leaks.report_left_open,
            left_failed.report_at_end,
            leaks.report_returned_closed,
            lost_writes.report_lost_writes,
            request_variables.report_unseen_session,
            resolvers.report_shared_context,
            tasks.report_left_alone,
        ),
        function_returns=(left_failed.report_at_return,),
        havoc=(connections.forget_sessions,),
        handlers_begin=(attempts.begin_handlers,),
        iterates=(connection_effects.note_iterated, left_loops.note_generator),
        iteration_begins=(left_loops.begin_iteration,),
        loop_left=(left_loops.report_left, left_loops.forget_failures),
        stored=(transactions.note_assignment,),
        try_begins=(attempts.begin_try,),
        try_ends=(attempts.end_try,),
        unwinds=(transactions.note_unwound,),
    ),
    effects={**clients.EFFECTS, **closed.EFFECTS, **connection_effects.EFFECTS, **writes.EFFECTS},
)
