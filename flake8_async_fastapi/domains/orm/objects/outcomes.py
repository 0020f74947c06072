"""What a call did, told by what it gave: a helper that failed, and rolled back, may say so by its result.

After the call a path knows what all ends of the helper agree on.  A condition on the result says which of
them it was.
"""

from __future__ import annotations

from collections.abc import Iterable

from flake8_async_fastapi.domains.orm.objects.instances import Instances
from flake8_async_fastapi.engine.effects import Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Instance, Value, alternatives, truth_value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import flat, target_names
from flake8_async_fastapi.records import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a path knows right ``after`` a call, and had the call given what counts as false, or as true."""

    place: Place
    after: Instances
    if_false: Instances
    if_true: Instances


def ends_by_truth(ends: Ends) -> tuple[Ends, ...]:
    """The ends that give what counts as false, and those that give what counts as true.

    None where all give the like, or where it is not known of one.
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


def _truth_of(value: Value) -> bool | None:
    is_tracked = isinstance(value, Instance) and value.location is not None
    return True if is_tracked else truth_value(value)


def settle_outcome(frame: Frame, state: State, test: Expr, holds: bool) -> None:
    """A condition came out as said: if it is on what the last call gave, it is known what that did."""
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
    if _place_of_call(frame, test) != outcome.place:
        return
    after = outcome.after
    if (part.heap, part.session_effects) == (after.heap, after.session_effects):
        state.put((outcome.if_true if holds else outcome.if_false).fork())


def _place_of_call(frame: Frame, tested: Expr) -> Place | None:
    """Where the call stands whose result is tested, at once or by the name of a variable."""
    if isinstance(tested, tree.Name):
        given = list(_assigned_to(frame, tested.id))
        tested = given[0] if len(given) == 1 else tested
    if isinstance(tested, tree.Walrus):
        tested = tested.value
    if isinstance(tested, tree.Await):
        tested = tested.value
    return frame.place_of(tested) if isinstance(tested, tree.Call) else None


def _assigned_to(frame: Frame, name: str) -> Iterable[Expr]:
    """What a function assigns to a variable."""
    body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
    for statement in flat(body):
        targets = statement.targets if isinstance(statement, tree.Assign) else []
        if any(name in target_names(target) for target in targets):
            yield from [statement.value] if isinstance(statement, tree.Assign) and statement.value else []
