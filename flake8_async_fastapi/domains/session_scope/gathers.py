"""``asyncio.gather`` in a session's block: if one task fails, the block closes the others' session."""

from __future__ import annotations

from collections import Counter
from typing import Final

from flake8_async_fastapi.domains.session_scope import holders
from flake8_async_fastapi.domains.session_scope.activity import Activity
from flake8_async_fastapi.domains.session_scope.attempts import TransactionNotes
from flake8_async_fastapi.domains.session_scope.events import SessionUsedLate
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Value
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree


def report_left_behind(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a coroutine that, by failing, leaves another one running on a closed session."""
    blocks = frame.notes_of(TransactionNotes).blocks
    if not blocks or len(arguments.args) < 2 or any(k.name == "return_exceptions" for k in node.keywords):
        return
    creations = frame.notes_of(Activity).creations
    made = [
        creations[coroutine.origin]
        for value in arguments.args
        for coroutine in held_coroutines(value)
        if coroutine.origin in creations
    ]
    users = Counter(session for creation in made for session in holders.sessions_of(frame, creation))
    for (name, path), count in sorted(users.items()):
        if count == 1 and name in blocks and not path:
            at = frame.at(node)
            frame.emit_event(SessionUsedLate(*at, for_message(node.func), name, "gather", "block", False))
            return


CALLS: Final = Watch(report_left_behind, functions=frozenset({"asyncio.gather"}), checked=True)
