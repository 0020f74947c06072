"""Transfer functions of compound statements: all paths enter a block together.

If each path were run separately, nested blocks would run once for each way through all of them. Together,
no more than ``MOST_STATES`` paths are in any block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flake8_async_fastapi.engine import raising
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.leaving import (
    as_try,
    at_end,
    count_left,
    group_paths,
    paths_left,
    undoes_on_exception,
)
from flake8_async_fastapi.engine.machine import (
    attributes,
    classes,
    conditions,
    expressions,
    functions,
    operators,
    protocols,
    statements,
    targets,
    truth,
)
from flake8_async_fastapi.engine.obligations import note_test
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State, limit_disjuncts
from flake8_async_fastapi.engine.text import asks_for_main, may_swallow, path_of, simple_conditions_in
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Collection,
    Coroutine,
    Function,
    Instance,
    Manager,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import cannot_raise, dotted, raises_at_end

States = list[State]


def _run_if(frame: Frame, states: States, node: tree.If) -> States:
    frame.rejects = raises_at_end(node.body) or raises_at_end(node.orelse)
    for state in states:
        operators.test(frame, state, node.test)
    into = [
        [path for state in states for path in conditions.assume(frame, state, node.test, outcome)]
        for outcome in (True, False)
    ]
    frame.rejects = False
    observers, branches = frame.ctx.hooks.observers, frame.branches
    ends: States = []
    for outcome, body, entering in zip((True, False), (node.body, node.orelse), into, strict=True):
        for begin in observers.branch_begins:
            begin(frame, node, outcome, entering)
        branches.append((node.line, node.col, "main" if asks_for_main(node.test) else str(outcome)))
        ends += statements.run_statements(frame, body, entering)
        branches.pop()
        for finish in observers.branch_ends:
            finish(frame, node, outcome)
    return ends


def _run_loop(
    frame: Frame, states: States, enter: Callable[[State], Iterable[State]], body: list[Stmt], item: Value
) -> tuple[States, States]:
    """Run a loop's body twice: the second pass sees the effects of the first.

    Returns the states at the head of the loop, and those that left it by ``break``.
    """
    head, new, left = states, states, []
    for _ in range(2):
        frame.iteration += 1
        frame.loops.append(([], []))
        ends = statements.run_statements(
            frame, body, [inside for state in new for inside in enter(state.fork())]
        )
        broken, continued = frame.loops.pop()
        left += broken
        again = limit_disjuncts([*head, *ends, *continued], frame, *body[-1:])
        new = [state for state in again if not any(state is known for known in head)]
        head = again
        if not new:
            break
    for end in frame.ctx.hooks.observers.loop_ends:
        end(item, states, head)
    return head, left


def _run_for(frame: Frame, states: States, node: tree.For) -> States:
    if node.is_async:
        frame.note_awaited(node.iter)
    iterated = []
    ends: States = []
    for state in states:
        value = expressions.evaluate(frame, state, node.iter)
        frame.state = state
        item = protocols.iterate_value(frame, value, node.iter, node.is_async)
        if truth.has_no_items(frame, state, node.iter, value):
            ends += statements.run_statements(frame, node.orelse, [state])
        else:
            iterated.append((state, (item, isinstance(value, Collection) and bool(value.items))))
    for (item, is_filled), alike in group_paths(iterated):
        ends += _bind_each_item(frame, alike, node, item, is_filled)
    return ends


def _bind_each_item(frame: Frame, states: States, node: tree.For, item: Value, is_filled: bool) -> States:
    observers, first = frame.ctx.hooks.observers, frame.iteration + 1

    def enter(inside: State) -> States:
        split = targets.split_alternatives(frame, inside, item)
        for after, single in split:
            frame.state = after
            for observe in observers.iteration_begins:
                observe(frame, single, node, frame.iteration != first)
            targets.assign_target(frame, after, node.target, single)
        return [after for after, _ in split]

    already = len(frame.exits)
    frame.enclosing_loops.append(node)
    head, left = _run_loop(frame, states, enter, node.body, item)
    frame.enclosing_loops.pop()
    for observe_left in observers.loop_left:
        observe_left(frame, node, [*left, *frame.exits[already:]])
    if is_filled:  # the body has run
        head = [after for after in head if not any(after is first for first in states)] or head
    return statements.run_statements(frame, node.orelse, head) + left


def _run_while(frame: Frame, states: States, node: tree.While) -> States:
    def enter(inside: State) -> States:
        operators.test(frame, inside, node.test)
        return conditions.assume(frame, inside, node.test, True)

    frame.enclosing_loops.append(node)
    head, left = _run_loop(frame, states, enter, node.body, UNKNOWN)
    frame.enclosing_loops.pop()
    for before in head:
        if not any(before is first for first in states):
            _forget_conditions(frame, before, node.test)
        if frame.ctx.hooks.tracks(before):  # the test that ends the loop also runs
            expressions.evaluate(frame, before, node.test)
    ended = [after for before in head for after in conditions.assume(frame, before, node.test, False)]
    return statements.run_statements(frame, node.orelse, ended) + left


def _forget_conditions(frame: Frame, state: State, test: Expr) -> None:
    """Forget conditions: a loop runs until its test is false, which other code may cause."""
    for text in simple_conditions_in(test):
        path = text.partition(" ")[0]
        if path not in state.env or path in frame.assigned_by_nested:
            state.known.pop(text, None)


def _run_with(frame: Frame, states: States, node: tree.With) -> States:
    if (suppressing := as_try(node)) is not None:
        return _run_try(frame, states, suppressing)
    observers = frame.ctx.hooks.observers
    entered: list[tuple[State, list[Value]]] = [(state, []) for state in states]
    for item in node.items:
        for begin in observers.item_begins:
            begin(frame, node, item)
        if node.is_async:
            frame.note_awaited(item.context)
        after = []
        for before, outer in entered:
            context = expressions.evaluate(frame, before, item.context)
            frame.state = before
            value = protocols.enter_context(frame, context, node.is_async, item.context)
            for split, single in targets.split_alternatives(frame, before, value):
                match single, context:
                    case Instance(cls=cls), Instance(cls=other) if cls == other and path_of(item.context):
                        split.narrow(path_of(item.context), single)  # it has what `__enter__` assigned
                if item.target is not None:
                    targets.assign_target(frame, split, item.target, single)
                frame.state = split
                for observe in observers.entered:
                    observe(frame, item, context)
                after.append((split, [*outer, context]))
        entered = after
    return [
        end
        for contexts, alike in group_paths(entered)
        for end in _run_with_body(frame, alike, node, contexts)
    ]


def _run_with_body(frame: Frame, states: States, node: tree.With, contexts: list[Value]) -> States:
    """Run the block of a ``with``, and leave its context managers."""
    observers, already, handled = frame.ctx.hooks.observers, count_left(frame), frame.exception_states
    outside, frame.raised = frame.raised, []
    items = list(zip(node.items, contexts, strict=True))
    swallows = any(may_swallow(item.context) for item in node.items)
    undoes = any(map(undoes_on_exception, contexts))
    before = [state.fork() for state in states] if swallows or undoes else []
    for begin in observers.block_begins:
        begin(frame, items)
    raised: States = []
    frame.exception_states = raised if handled is not None else None
    # any statement may raise
    ends = (
        _run_and_record(frame, node.body, states, raised)
        if undoes and handled is not None
        else statements.run_statements(frame, node.body, states)
    )
    raised += frame.raised
    frame.exception_states, frame.raised = handled, outside
    leaving = [*ends]
    for paths, count in zip(paths_left(frame), already, strict=True):
        leaving += paths[count:]
    for finish in observers.block_ends:
        finish(frame, items, leaving)
    for end in leaving:
        frame.state = end
        for item, context in reversed(items):
            _leave_context(frame, at_end(end, item, context), node)
    for end in raised:
        frame.state = end
        for item, context in reversed(items):
            for observe in observers.broken_off:
                observe(frame, item, context, Place(frame.path, node.line, node.col), before)
            if isinstance(context, Instance) and frame.ctx.hooks.tracks(end):
                _leave_context(frame, at_end(end, item, context), node, raising.as_arguments(end))
    (outside if handled is None else handled).extend(raised)
    return ends or (before if swallows else [])


def _run_and_record(frame: Frame, body: list[Stmt], states: States, seen: States) -> States:
    """Run statements; ``seen`` gets the state before each statement that may raise.

    A compound statement may raise in the middle, when much of it is done.
    """
    for statement in body:
        if not states:
            break
        before = [] if cannot_raise(statement) else [state.fork() for state in states]
        frame.acts_anyway = frame.never_raises = False
        states = limit_disjuncts(statements.run_statement(frame, statement, states), frame, statement)
        if before and (frame.acts_anyway or frame.never_raises) and _is_lone_call(statement):
            before = [] if frame.never_raises else [state.fork() for state in states]
        seen += before
    if body and type(body[-1]) in EXECUTE:
        seen += [after.fork() for after in states]
    return states


def _is_lone_call(statement: Stmt) -> bool:
    """Whether a statement only calls a method, without evaluating anything else that may raise."""
    value = statement.value if isinstance(statement, tree.ExprStmt) else None
    call = value.value if isinstance(value, tree.Await) else value
    if not isinstance(call, tree.Call) or call.keywords or not dotted(call.func):
        return False
    return all(isinstance(one, tree.Name) for one in call.args)


def _leave_context(
    frame: Frame, context: Value, node: tree.With, exception: Arguments = raising.NO_EXCEPTION
) -> None:
    """Apply the end of a ``with`` block."""
    place = Place(frame.path, node.line, node.col)
    if isinstance(context, Manager):
        frame.ctx.hooks.leave(frame, context, place)
    elif isinstance(context, Instance):
        name = "__aexit__" if node.is_async else "__exit__"
        method = attributes.attribute_of(frame.ctx, context, name)
        if isinstance(method, Function):
            given = functions.quiet_result(frame, method, exception, place)
            if isinstance(given, Coroutine):
                protocols.result_of_await(frame, given)
    else:
        for observe in frame.ctx.hooks.observers.left:
            observe(frame, context, place)


def _run_try(frame: Frame, states: States, node: tree.Try) -> States:
    already = count_left(frame)
    observers = frame.ctx.hooks.observers
    outer, seen = frame.exception_states, list[State]()
    for begin in observers.try_begins:
        begin(frame)
    frame.exception_states = seen
    states = _run_and_record(frame, node.body, states, seen)
    frame.exception_states = outer
    ends = statements.run_statements(frame, node.orelse, states)
    raised = limit_disjuncts(seen, frame, *node.body[-1:])
    for begin in observers.handlers_begin:
        begin(frame)
    left: States = []  # by an exception
    if node.final:
        frame.exception_states = left
    handled, uncaught = _run_handlers(frame, node.handlers, [before.fork() for before in raised])
    ends = ends + handled
    frame.exception_states = outer
    left += uncaught if not node.handlers else filter(raising.is_raised, uncaught)
    for frame.state in left if not node.handlers else ():
        for unwind in observers.unwinds:
            unwind(frame)
    for finish in observers.try_ends:
        finish(frame)
    if node.final:
        _run_finally(frame, node.final, already, is_only_left=not ends)
        # an exception that is not caught changes nothing after the statement
        left = left if frame.emit else list(filter(raising.is_raised, left))
        left = statements.run_statements(frame, node.final, limit_disjuncts(left, frame, *node.body[-1:]))
    for path in filter(raising.is_raised, left):
        frame.leave_by_exception(path)
    if not node.final:
        return ends
    unhandled = [] if ends or not node.handlers else [before.fork() for before in raised]
    after = statements.run_statements(frame, node.final, ends + unhandled)
    return after if ends else []


def _run_handlers(frame: Frame, handlers: list[tree.Handler], raised: States) -> tuple[States, States]:
    """Run the handlers of a ``try``: the paths that reach their ends, and those that none of them catches."""
    ends: States = []
    for handler in handlers:
        caught, raised = raising.paths_caught(
            [(before, *_enter_handler(frame, handler, before.fork())) for before in raised],
            lambda cls: classes.mro(frame.ctx, cls),
        )
        around = frame.handled
        for exception, entering in group_paths(caught):
            frame.handled = handler.name, exception
            for before in entering:
                before.parts.pop(raising.Raised, None)
                if handler.name is not None:
                    before.bind(handler.name, exception.value)
            ends += statements.run_statements(frame, handler.body, entering)
        frame.handled = around
    return ends, raised


def _enter_handler(frame: Frame, handler: tree.Handler, entering: State) -> tuple[State, Value | None]:
    """A path that may enter a handler, and what this names there, None for everything."""
    kind = None if handler.type is None else expressions.evaluate(frame, entering, handler.type)
    frame.state = entering
    for observe in frame.ctx.hooks.observers.caught:
        observe(frame, kind, handler)
    return entering, kind


def _run_finally(frame: Frame, final: list[Stmt], already: list[int], *, is_only_left: bool) -> None:
    """Run a ``finally`` after a ``return``, ``break`` or ``continue`` in the block; if no path reaches its
    end (``is_only_left``), once in any case, since domains note what it does.
    """
    (_, returned), *jumps = zip(paths_left(frame), already, strict=True)
    for place in range(returned, len(frame.exits)):
        is_first = is_only_left and place == returned
        if frame.emit or is_first or frame.ctx.hooks.tracks(frame.exits[place]):
            after = statements.run_statements(frame, final, [frame.exits[place]])
            if after:
                frame.exits[place] = after[0]
    for paths, count in jumps:
        jumped = paths[count:]
        del paths[count:]
        paths += statements.run_statements(frame, final, jumped)


def _run_match(frame: Frame, states: States, node: tree.Match) -> States:
    subjects = [expressions.evaluate(frame, state, node.subject) for state in states]
    for subject in subjects:
        note_test(frame, subject, node.subject, "compared")
    ends: States = []
    has_default = False
    for case in node.cases:
        entering: States = []
        for state, subject in zip(states, subjects, strict=True):
            entering += targets.match_case(frame, state.fork(), node.subject, subject, case)
        ends += statements.run_statements(frame, case.body, entering)
        has_default = has_default or case.is_default
    return ends if has_default else [*ends, *states]


EXECUTE: dict[type, Callable[[Frame, States, Any], States]] = {
    tree.If: _run_if,
    tree.For: _run_for,
    tree.While: _run_while,
    tree.With: _run_with,
    tree.Try: _run_try,
    tree.Match: _run_match,
}
