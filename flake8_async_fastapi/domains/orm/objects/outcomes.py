"""The outcome of a call by its result: a helper that failed and rolled back may say so by its result.

After the call a path knows what all ends of the helper agree on. A condition on the result selects among
these ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.objects.heap import Instances
from flake8_async_fastapi.domains.orm.objects.instances import NotLoaded
from flake8_async_fastapi.engine.effects import Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import ARGUMENT, base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Instance, Value, alternatives, truth_value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import bound_names, flat, names_in, nodes_in, raises_at_end
from flake8_async_fastapi.project.modules import is_test


class Outcome(Struct, frozen=True):
    """A path's knowledge right ``after`` a call, and its knowledge if the call ended in a certain way.

    ``if_false`` and ``if_true``: it returned a false or a true value. ``if_failed``: it rolled back, and
    only its result says so. ``if_committed``: it took one of the ways on which it commits. None if that is
    the same, or not known. ``returns_alike``: it always returns an object of a model.
    """

    place: Place
    after: Instances
    if_false: Instances | None = None
    if_true: Instances | None = None
    if_failed: Instances | None = None
    if_committed: Instances | None = None
    returns_alike: bool = False


def ends_by_truth(ends: Ends) -> tuple[Ends, ...]:
    """The ends that return a false value, and those that return a true one.

    None if all are alike, or if one of them is not known.
    """
    if ends.exits or len(ends.values) != len(ends.paths):
        return ()
    found: dict[bool, Ends] = {False: Ends([], [], []), True: Ends([], [], [])}
    for value, path in zip(ends.values, ends.paths, strict=True):
        truths = {_truth_of(option) for option in alternatives(value)}
        truth = truths.pop()
        if truth is None or truths:
            return ()
        found[truth].values.append(value)
        found[truth].paths.append(path)
    return tuple(found.values()) if all(group.paths for group in found.values()) else ()


def ends_in_failure(frame: Frame, ends: Ends) -> tuple[Ends, ...]:
    """The ends after a rollback in a handler that only the result reveals; none if all ends do that."""
    if ends.exits or len(ends.values) != len(ends.paths) or not isinstance(frame.node, tree.FunctionDef):
        return ()
    rolled_back = [
        any(step.kind == "rollback" for step in path.part(Instances).session_effects) for path in ends.paths
    ]
    if all(rolled_back) or not any(rolled_back) or not _hides_failures(frame.node):
        return ()
    pairs = zip(ends.values, ends.paths, strict=True)
    failed = [pair for pair, has_failed in zip(pairs, rolled_back, strict=True) if has_failed]
    return (Ends([value for value, _ in failed], [path for _, path in failed], []),)


def ends_after_commit(frame: Frame, ends: Ends) -> tuple[Ends, ...]:
    """The ends after a commit that expires objects, or a flush that computes values of one that was given.

    None if all ends do that, or none does.

    What a method remembers itself, such as whether it has committed already, may rule out some of its ways.
    """
    if ends.exits or len(ends.values) != len(ends.paths) or not isinstance(frame.node, tree.FunctionDef):
        return ()
    pairs = list(zip(ends.values, ends.paths, strict=True))
    committed = [pair for pair in pairs if _has_committed(pair[1]) or _has_lost_values(pair[1])]
    if not committed or len(committed) == len(pairs) or _asks_itself(frame.node, frame.receiver_name):
        return ()
    return (Ends([value for value, _ in committed], [path for _, path in committed], []),)


def _asks_itself(node: tree.FunctionDef, me: str) -> bool:
    """Whether a method has a condition on its receiver."""
    tests = [one.test for one in nodes_in(node.body) if isinstance(one, (tree.If, tree.IfExp, tree.While))]
    return bool(me) and me in names_in(tests)


def returns_alike(ends: Ends) -> bool:
    """Whether all ends return an object of a model, which hardly says how it was found."""
    options = [option for value in ends.values for option in alternatives(value)]
    return all(isinstance(option, Instance) and option.location is not None for option in options)


def _has_committed(path: State) -> bool:
    steps = path.part(Instances).session_effects
    return any(step.kind == "commit" and step.settings.expires for step in steps)


def _has_lost_values(path: State) -> bool:
    """Whether a flush expired values of an object that the function was given."""
    return any(
        isinstance(found, NotLoaded) and found.cause == "server" and found.path
        for location, obj in path.part(Instances).heap.items()
        if base(location)[0] == ARGUMENT
        for _, found in obj.fields
    )


def _hides_failures(node: tree.FunctionDef) -> bool:
    """Whether only exception handlers roll back, and those that do not raise do nothing else."""
    handlers = [one for block in nodes_in(node.body) if isinstance(block, tree.Try) for one in block.handlers]
    inside = [call for one in handlers for call in nodes_in(one.body) if _is_rollback(call)]
    there = [call for call in nodes_in(node.body) if _is_rollback(call)]
    hiding = [statement for one in handlers if not raises_at_end(one.body) for statement in one.body]
    return len(inside) == len(there) and all(map(_says_nothing, hiding))


def _is_rollback(node: object) -> bool:
    return isinstance(node, tree.Call) and isinstance(node.func, tree.Attr) and node.func.name == "rollback"


def _says_nothing(statement: Stmt) -> bool:
    """Whether a statement rolls back, writes to a log, or leaves."""
    if isinstance(statement, (tree.Return, tree.Jump, tree.Raise)):
        return True
    if isinstance(statement, tree.If):
        return all(map(_says_nothing, (*statement.body, *statement.orelse)))
    if not isinstance(statement, tree.ExprStmt):
        return False
    call = statement.value.value if isinstance(statement.value, tree.Await) else statement.value
    if not isinstance(call, tree.Call):
        return isinstance(call, tree.Const)
    return _is_rollback(call) or (isinstance(call.func, tree.Attr) and call.func.name in _LOGGING)


_LOGGING: Final = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})


def _truth_of(value: Value) -> bool | None:
    is_tracked = isinstance(value, Instance) and value.location is not None
    return True if is_tracked else truth_value(value)


def settle_outcome(frame: Frame, state: State, test: Expr, holds: bool) -> None:
    """Apply a condition with its outcome: if it tests the last result, the call's effects are known."""
    part: Instances | None = state.parts.get(Instances)
    if part is None or part.outcome is None:
        return
    outcome = part.outcome
    if isinstance(test, tree.Compare):
        against = test.rights[0]
        if test.ops not in (["is"], ["is not"]) or not isinstance(against, tree.Const):
            return
        holds = (holds is (test.ops == ["is"])) is bool(against.value)
        test = test.left
    known = outcome.if_true if holds else outcome.if_false
    if known is not None and _is_right_after(frame, part, outcome, test):
        state.put(known.fork())


def paths_after(frame: Frame, state: State, statement: tree.ExprStmt | tree.Assign) -> Iterable[State]:
    """The paths after a call that failed and rolled back, and after one that committed, where not all its
    ways do so and the code has no result that may say which it took.

    A test arranges which way its calls take.
    """
    part: Instances | None = state.parts.get(Instances)
    outcome = part.outcome if part is not None else None
    if part is None or outcome is None or statement.value is None or is_test(frame.path):
        return
    if not _is_right_after(frame, part, outcome, statement.value):
        return
    is_told = isinstance(statement, tree.Assign) and not outcome.returns_alike
    for known in () if is_told else (outcome.if_committed, outcome.if_failed):
        if known is not None:
            other = state.fork()
            other.put(known.fork())
            yield other


def _is_right_after(frame: Frame, part: Instances, outcome: Outcome, call: Expr) -> bool:
    """Whether an outcome belongs to a call, and objects and sessions have not changed since."""
    after = outcome.after
    is_same = (part.heap, part.session_effects) == (after.heap, after.session_effects)
    return is_same and _place_of_call(frame, call) == outcome.place


def _place_of_call(frame: Frame, tested: Expr) -> Place | None:
    """The place of the call whose result is tested, directly or by the name of a variable."""
    if isinstance(tested, tree.Name):
        tested = _last_assigned(frame, tested) or tested
    if isinstance(tested, tree.Walrus):
        tested = tested.value
    if isinstance(tested, tree.Await):
        tested = tested.value
    return frame.place_of(tested) if isinstance(tested, tree.Call) else None


def _last_assigned(frame: Frame, name: tree.Name) -> Expr | None:
    """What a function assigns to a variable above a place, if no loop around it may have bound it again."""
    body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
    binding = [one for one in flat(body) if name.id in bound_names(one)]
    above = [one for one in binding if (one.line, one.col) < (name.line, name.col)]
    asked = [one for one in flat(body) if isinstance(one, tree.While) and name in nodes_in(one.test)]
    loops = [*asked, *(one for one in frame.enclosing_loops if not isinstance(one, tree.Comp))]
    again = {id(one) for loop in loops for one in flat(loop.body)}
    last = above[-1] if above else None
    if not isinstance(last, tree.Assign) or any(one is not last and id(one) in again for one in binding):
        return None
    return last.value
