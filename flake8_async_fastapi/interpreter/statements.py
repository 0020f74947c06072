"""Transfer functions of statements: from the states before to the states after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import shared_names, target_names
from flake8_async_fastapi.interpreter import (
    assume,
    attributes,
    declarations,
    expressions,
    factories,
    functions,
    heap,
    listeners,
    loading,
    names,
    once,
    passing,
    protocols,
    sessions,
    tasks,
    templates,
    transactions,
)
from flake8_async_fastapi.interpreter.context import Frame, State, merge
from flake8_async_fastapi.interpreter.events import Believed, OptionIgnored
from flake8_async_fastapi.interpreter.loads import Fetch, Query, Transition
from flake8_async_fastapi.interpreter.misuse import discard, misuse, test, use
from flake8_async_fastapi.interpreter.source import source, spoken
from flake8_async_fastapi.interpreter.values import (
    MOST_KEYS,
    NONE,
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Coroutine,
    Function,
    Instance,
    Library,
    Manager,
    ModuleValue,
    Object,
    Options,
    Plain,
    Unknown,
    Value,
    held,
    is_none,
    is_url,
    options,
    union,
    unsealed,
)

States = list[State]


def run(frame: Frame, body: list[Stmt], states: States) -> States:
    """Run statements on every path; the states of the paths that reach the end."""
    for statement in body:
        if not states or frame.ctx.exhausted():
            break
        states = merge(step(frame, statement, states), frame)
        if frame.ctx.trace and frame.emit and not isinstance(statement, _BLOCKS):
            believe(frame, statement, states)
    return states


def step(frame: Frame, statement: Stmt, states: States) -> States:
    """Run one statement on every path."""
    frame.ctx.steps += len(states)
    execute = _EXECUTE[type(statement)]
    return [after for state in states for after in execute(frame, state, statement)]


_BLOCKS = (tree.If, tree.For, tree.While, tree.With, tree.Try, tree.Match)


def believe(frame: Frame, node: tree.Node, states: States) -> None:
    """Say what the variables are after a statement, where that is known; imported names are left out."""
    for state in states:
        for name, value in (*state.env.items(), *state.attributes.items()):
            if not isinstance(value, (Unknown, Library, ModuleValue)):
                frame.state = state
                loaded = "; ".join(loading.told(frame, ref) for ref in heap.refs_in(value))
                place = frame.path, node.line, node.col, frame.qualname
                frame.emit_event(Believed(*place, name, value, loaded))


# --- simple statements -----------------------------------------------------------------


def _expr_stmt(frame: Frame, state: State, node: tree.ExprStmt) -> States:
    value = expressions.evaluate(frame, state, node.value)
    tasks.dropped(frame, value, node.value)
    discard(frame, value)
    _dropped(frame, value, node.value)
    _made_unique(state, value, node.value)
    return [] if _never_returns(node.value) else [state]


def _dropped(frame: Frame, value: Value, node: Expr) -> None:
    """``statement.options(...)`` gives a new statement; the old one stays as it is."""
    if not frame.emit or not isinstance(value, Object) or not isinstance(value.detail, Query):
        return
    while isinstance(node, tree.Call) and isinstance(node.func, tree.Attr):
        if node.func.name == "options":
            frame.emit_event(OptionIgnored(*frame.at(node), "dropped", spoken(node.func)))
            return
        node = node.func.value


def _made_unique(state: State, value: Value, node: Expr) -> None:
    """``result.unique()`` changes the result itself."""
    if not isinstance(value, Object) or not isinstance(value.detail, Fetch):
        return
    if not isinstance(node, tree.Call):
        return
    path = source(node.func.value) if isinstance(node.func, tree.Attr) and node.func.name == "unique" else ""
    if path and state.get(path) is not None:
        state.narrow(path, value)


def _never_returns(node: Expr) -> bool:
    return isinstance(node, tree.Call) and source(node.func) in (
        "sys.exit",
        "os._exit",
        "pytest.fail",
        "pytest.skip",
    )


def _assign(frame: Frame, state: State, node: tree.Assign) -> States:
    if node.value is None:
        assert node.annotation is not None
        if isinstance(node.targets[0], tree.Name):
            state.bind(node.targets[0].id, declarations.annotated(frame, state, node.annotation))
        return [state]
    if isinstance(node.value, tree.IfExp):
        return _assign_either(frame, state, node, node.value)
    value = expressions.evaluate(frame, state, node.value)
    if isinstance(node.targets[0], tree.Attr) and source(node.value) == source(node.targets[0]) != "":
        return [state]  # obj.name = obj.name changes nothing
    return _assign_value(frame, state, node, value)


def _assign_either(frame: Frame, state: State, node: tree.Assign, value: tree.IfExp) -> States:
    """``x = a if c else b``: a path for each, so that a later ``if c`` goes with it."""
    test(frame, expressions.evaluate(frame, state, value.test), value.test)
    ends: States = []
    for outcome, part in ((True, value.body), (False, value.orelse)):
        for path in assume.assume(frame, state, value.test, outcome):
            ends += _assign_value(frame, path, node, expressions.evaluate(frame, path, part))
    return ends


def _assign_value(frame: Frame, state: State, node: tree.Assign, value: Value) -> States:
    declared = UNKNOWN
    if node.annotation is not None and (isinstance(value, Unknown) or is_none(value)):
        declared = declarations.annotated(frame, state, node.annotation)
        value = declared if isinstance(value, Unknown) else value
    tasks.assigned(frame, node)
    factories.assigned(frame, state, node, value)
    states = _split(state, value)
    for after, single in states:
        for target in node.targets:
            assign(frame, after, target, single)
    if isinstance(node.targets[0], tree.Attr) and not isinstance(declared, Unknown):
        frame.assigned.bind(source(node.targets[0]), declared)
    return [after for after, _ in states]


def _split(state: State, value: Value) -> list[tuple[State, Value]]:
    """One path for each value that a variable may get, so that a later test can tell them apart.

    A value that may be None is not split: tests for None narrow it.
    """
    if isinstance(value, Options) and not _is_optional(value):
        return [(state.fork(), option) for option in value.values]
    return [(state, value)]


def _is_optional(value: Options) -> bool:
    there = [option for option in value.values if not is_none(option)]
    return len(there) == 1 and len(value.values) == 2 and passing.carries(there[0])


def assign(frame: Frame, state: State, target: Expr, value: Value) -> None:
    """Bind a target to a value."""
    match target:
        case tree.Name(id=name):
            if name in frame.globals or name in frame.shared:
                frame.settle(value)
            if name in frame.shared:
                value = UNKNOWN
            # texts are not told apart: paths that differ in nothing else are one
            text = isinstance(value, Const) and isinstance(value.value, str) and not is_url(value)
            text = text and not templates.is_name(frame.ctx, value)
            state.bind(name, Plain("str") if text else value)
        case tree.Attr(value=owner):
            path = source(target)
            owned = expressions.evaluate(frame, state, owner)
            frame.settle(value)
            frame.state = state
            for option in options(owned):
                if (
                    isinstance(option, Instance)
                    and option.ref is not None
                    and loading.write(frame, option, target.name, value, (target.line, target.col))
                ):
                    path = ""
            if path:
                kept = UNKNOWN if any(held(value)) else unsealed(value)
                state.bind(path, kept)
                frame.assigned.bind(path, _either(frame.assigned.attributes.get(path), kept))
        case tree.Subscript(value=owner, index=index):
            frame.mutated = owner
            owned = expressions.evaluate(frame, state, owner)
            frame.mutated = None
            expressions.evaluate(frame, state, index)
            frame.settle(value)
            if isinstance(owned, Collection) and state.get(source(owner)) is not None:
                state.narrow(source(owner), _with_item(owned, index, value))
        case tree.Display(items=items):
            _unpack(frame, state, items, value, target)
        case tree.Starred(value=inner):
            assign(frame, state, inner, Collection("list"))


def _with_item(before: Collection, index: Expr, value: Value) -> Collection:
    """A container of which one item was assigned."""
    keys, items = before.keys, before.items
    if before.kind != "dict" or keys is None or items is None or any(held(value)):
        return Collection(before.kind)
    if not isinstance(index, tree.Const) or not isinstance(index.value, str) or len(keys) >= MOST_KEYS:
        return Collection(before.kind)
    kept = [pair for pair in zip(keys, items, strict=True) if pair[0] != index.value]
    pairs = (*kept, (index.value, value))
    return Collection("dict", items=tuple(v for _, v in pairs), keys=tuple(k for k, _ in pairs))


def _either(before: Value | None, value: Value) -> Value:
    if before is None or is_none(before):
        return value
    return before if is_none(value) else union([before, value])


def _unpack(frame: Frame, state: State, targets: list[Expr], value: Value, node: Expr) -> None:
    for option in options(value):
        if isinstance(option, Coroutine):
            misuse(frame, option, "unpacked")
    starred = any(isinstance(target, tree.Starred) for target in targets)
    value = _single(value)
    known = isinstance(value, Collection) and (value.keys is None or value.kind == "row")
    items = value.items if isinstance(value, Collection) and known else None
    if items is not None and not starred and len(items) == len(targets):
        for target, item in zip(targets, items, strict=True):
            assign(frame, state, target, item)
        return
    frame.settle_items(value)
    item = protocols.element(frame, value)
    for target in targets:
        assign(frame, state, target, item)


def _single(value: Value) -> Value:
    """A value without the possibility of None, which cannot be unpacked."""
    there = [option for option in options(value) if not is_none(option)]
    return there[0] if len(there) == 1 else value


def _aug_assign(frame: Frame, state: State, node: tree.AugAssign) -> States:
    value = expressions.evaluate(frame, state, node.value)
    if isinstance(node.target, tree.Attr):
        frame.mutated = node.target
    before = expressions.evaluate(frame, state, node.target)
    frame.mutated = None
    use(frame, before, "operand")
    frame.settle_items(before)
    if isinstance(before, (Const, Plain, Collection)):
        use(frame, value, "operand")
        frame.settle_items(value)
    else:
        frame.settle(value)  # another object may define the operator for coroutines
    assign(frame, state, node.target, UNKNOWN)
    return [state]


def _return(frame: Frame, state: State, node: tree.Return) -> States:
    value = NONE if node.value is None else expressions.evaluate(frame, state, node.value)
    if frame.is_route:
        for coroutine in held(value):
            misuse(frame, coroutine, "returned")
    frame.given_back.update(coroutine.origin for coroutine in held(value))
    frame.returned_at.append((node.line, node.col))
    frame.returns.append(value)
    frame.left.append(state)
    return []


def _raise(frame: Frame, state: State, node: tree.Raise) -> States:
    for part in node.parts:
        expressions.evaluate(frame, state, part)
    return []


def _assert(frame: Frame, state: State, node: tree.Assert) -> States:
    test(frame, expressions.evaluate(frame, state, node.test), node.test)
    if node.message is not None:
        expressions.evaluate(frame, state, node.message)
    return assume.assume(frame, state, node.test, True)


def _delete(frame: Frame, state: State, node: tree.Delete) -> States:
    for target in node.targets:
        frame.settle(expressions.evaluate(frame, state, target))
        for name in target_names(target):
            state.bind(name, UNKNOWN)
            if frame.template is not None:
                del state.env[name]  # a variable of the lowering, whose scope ends
    return [state]


def _jump(frame: Frame, state: State, node: tree.Jump) -> States:
    if frame.loops:
        broken, continued = frame.loops[-1]
        (broken if node.word == "break" else continued).append(state)
    return []


def _import(frame: Frame, state: State, node: tree.Import) -> States:
    for binding in node.bindings:
        if binding.local != "*":
            state.bind(binding.local, names.imported(frame.ctx, frame.path, node, binding.local))
    return [state]


def _scope(frame: Frame, state: State, node: tree.Scope) -> States:
    frame.globals.update(node.names)
    return [state]


def _function(frame: Frame, state: State, node: tree.FunctionDef) -> States:
    functions.capture(frame, state, node.body)
    for name in shared_names(node.body):
        frame.shared.add(name)
        if name in state.env:
            state.bind(name, UNKNOWN)
    function = functions.nested(frame, state, node)
    for decorator in node.decorators:
        value = expressions.evaluate(
            frame, state, decorator.func if isinstance(decorator, tree.Call) else decorator
        )
        if functions.is_route_verb(value):
            frame.routes.add(function.key)
        discard(frame, expressions.evaluate(frame, state, decorator))
        listeners.decorated(frame, value, function, decorator)
    for param in node.params:
        if param.default is not None:
            expressions.evaluate(frame, state, param.default)
        for extra in declarations.metadata(param.annotation):
            expressions.evaluate(frame, state, extra)
    frame.inner[function.key] = function
    state.bind(node.name, functions.decorated(frame, state, function))
    return [state]


def _class(frame: Frame, state: State, node: tree.ClassDef) -> States:
    functions.capture(frame, state, node.body)
    closure = functions.scope(frame, state)
    cls = names.class_value(frame.path, node, closure)
    frame.classes[cls.key] = cls
    state.bind(node.name, cls)
    return [state]


# --- blocks ------------------------------------------------------------------------------


def _if(frame: Frame, state: State, node: tree.If) -> States:
    test(frame, expressions.evaluate(frame, state, node.test), node.test)
    branches = frame.activity.branches
    fills = once.fills_once(node)
    ends: States = []
    for outcome, body in ((True, node.body), (False, node.orelse)):
        muted = outcome and fills
        frame.watch.muted += muted
        branches.append((node.line, node.col, "main" if _is_main(node.test) else str(outcome)))
        ends += run(frame, body, assume.assume(frame, state, node.test, outcome))
        branches.pop()
        frame.watch.muted -= muted
    return ends


def _is_main(test: Expr) -> bool:
    """Whether a condition asks whether the file is run as a program."""
    return isinstance(test, tree.Compare) and source(test.left) == "__name__"


def _loop(
    frame: Frame, states: States, enter: Callable[[State], Iterable[State]], body: list[Stmt]
) -> tuple[States, States]:
    """Run a loop's body twice: the second pass sees what the first left behind.

    Gives the states at the head of the loop, and those that left it by ``break``.
    """
    head, left = states, []
    for _ in range(2):
        frame.activity.laps += 1
        frame.loops.append(([], []))
        ends = run(frame, body, [inside for state in head for inside in enter(state.fork())])
        broken, continued = frame.loops.pop()
        left += broken
        again = merge([*head, *ends, *continued], frame)
        if len(again) == len(head):
            break
        head = again
    return head, left


def _for(frame: Frame, state: State, node: tree.For) -> States:
    if node.is_async:
        frame.watch.awaiting(node.iter)
    iterated = expressions.evaluate(frame, state, node.iter)
    frame.state = state
    item = protocols.iterate(frame, iterated, node.iter, node.is_async)

    def enter(inside: State) -> States:
        split = _split(inside, item)
        for after, single in split:
            frame.state = after
            sessions.renewed(frame, single)
            assign(frame, after, node.target, single)
        return [after for after, _ in split]

    frame.activity.repeats.append(node)
    head, left = _loop(frame, [state], enter, node.body)
    frame.activity.repeats.pop()
    if state in head and len(head) > 1:  # nothing was in it, so nothing is known to be missing of its items
        for ref in heap.refs_in(item):
            if ref in state.rows:
                state.rows[ref] = replace(state.rows[ref], absent=True)
    return run(frame, node.orelse, head) + left


def _while(frame: Frame, state: State, node: tree.While) -> States:
    def enter(inside: State) -> States:
        test(frame, expressions.evaluate(frame, inside, node.test), node.test)
        return assume.assume(frame, inside, node.test, True)

    frame.activity.repeats.append(node)
    head, left = _loop(frame, [state], enter, node.body)
    frame.activity.repeats.pop()
    for before in head:
        if before.rows:  # the test that ends the loop is run too
            expressions.evaluate(frame, before, node.test)
    ended = [after for before in head for after in assume.assume(frame, before, node.test, False)]
    return run(frame, node.orelse, ended) + left


def _with(frame: Frame, state: State, node: tree.With) -> States:
    states = [state]
    entered: list[Value] = []
    blocks = []
    for item in node.items:
        frame.watch.entering(node, item)
        after = []
        block = ""
        for before in states:
            context = expressions.evaluate(frame, before, item.context)
            if context not in entered:
                entered.append(context)
            tasks.entered(frame, item, context)
            frame.state = before
            value = protocols.enter(frame, context, node.is_async, item.context)
            for split, single in _split(before, value):
                if item.target is not None:
                    assign(frame, split, item.target, single)
                block = transactions.entered(frame, split, item, context)
                after.append(split)
        states = merge(after, frame)
        blocks.append((block, transactions.is_nested(item.context)))
    already, inside = len(frame.left), len(frame.activity.blocks)
    frame.activity.blocks += [block for block, _ in blocks if block]
    ends = run(frame, node.body, states)
    del frame.activity.blocks[inside:]
    for block, is_nested in blocks:
        transactions.left(frame, ends, block, is_nested)
    for end in [*ends, *frame.left[already:]]:
        frame.state = end
        for context in reversed(entered):
            if len(node.items) == len(entered):
                _leave(frame, context, node)
    if not ends and any(_may_swallow(item.context) for item in node.items):
        ends = [before.fork() for before in states]
    return ends


def _leave(frame: Frame, context: Value, node: tree.With) -> None:
    """What the end of a ``with`` block does to ORM objects."""
    line = node.line
    if isinstance(context, Manager):
        for step in context.after:
            if isinstance(step, Transition):
                sessions.happen(frame, step, line)
    elif isinstance(context, Instance):
        name = "__aexit__" if node.is_async else "__exit__"
        method = attributes.attribute(frame.ctx, context, name)
        if isinstance(method, Function):
            given = functions.given(frame, method, Arguments((NONE, NONE, NONE)))
            if isinstance(given, Coroutine):
                protocols.result_of_await(frame, given)
    else:
        sessions.left(frame, context, line)


def _may_swallow(context: Expr) -> bool:
    """Whether leaving by an exception may go on after the block."""
    return isinstance(context, tree.Call) and source(context.func).rpartition(".")[2] in (
        "suppress",
        "raises",
        "timeout",
        "move_on_after",
    )


def _try(frame: Frame, state: State, node: tree.Try) -> States:
    seen = [state.fork()]
    states = [state]
    already = len(frame.left)
    flushes, depth = len(frame.activity.flushed), len(frame.activity.blocks)
    for statement in node.body:
        if not states:
            break
        states = merge(step(frame, statement, states), frame)
        seen += [after.fork() for after in states]
    ends = run(frame, node.orelse, states)
    raised = merge(seen, frame)
    failed = transactions.failed(frame, flushes, depth)
    for handler in node.handlers:
        entering = [before.fork() for before in raised]
        for before in entering:
            kind = None if handler.type is None else expressions.evaluate(frame, before, handler.type)
            if failed and transactions.catches(kind):
                before.failed = before.failed | failed
            if handler.name is not None:
                before.bind(handler.name, UNKNOWN)
        ends = ends + run(frame, handler.body, entering)
    if node.final:
        _finish(frame, node.final, already)
        unhandled = [] if ends else [before.fork() for before in raised]
        after = run(frame, node.final, merge(ends + unhandled, frame))
        return after if ends else []
    return ends


def _finish(frame: Frame, final: list[Stmt], already: int) -> None:
    """``finally`` runs after a ``return`` in the block too."""
    for place in range(already, len(frame.left)):
        if frame.left[place].rows:
            emit, frame.emit = frame.emit, False
            after = run(frame, final, [frame.left[place]])
            frame.emit = emit
            if after:
                frame.left[place] = after[0]


def _match(frame: Frame, state: State, node: tree.Match) -> States:
    subject = expressions.evaluate(frame, state, node.subject)
    test(frame, subject, node.subject, "compared")
    ends: States = []
    has_default = False
    for case in node.cases:
        inside = state.fork()
        for name in case.names:
            inside.bind(name, UNKNOWN)
        if source(node.subject) and isinstance(subject, Options):
            frame.settle(subject)
            inside.bind(source(node.subject), UNKNOWN)  # which of them it is, the pattern decides
        for cls in case.classes:
            expressions.evaluate(frame, inside, cls)
        _capture(frame, inside, node.subject, subject, case.captures)
        entering = [inside]
        if case.guard is not None:
            test(frame, expressions.evaluate(frame, inside, case.guard), case.guard)
            entering = assume.assume(frame, inside, case.guard, True)
        ends += run(frame, case.body, entering)
        has_default = has_default or case.is_default
    return ends if has_default else [*ends, state]


def _capture(frame: Frame, state: State, node: Expr, subject: Value, captures: list[tree.Capture]) -> None:
    """Read of an ORM object what a pattern asks for, and bind what it names."""
    if not state.rows or not any(map(passing.carries, options(subject))):
        return
    known: dict[tuple[str, ...], Value] = {(): subject}
    for capture in captures:
        path = tuple(capture.path)
        if path not in known:
            written = tree.Attr(capture.line, capture.col, node, path[-1])
            owner = known.get(path[:-1], UNKNOWN)
            frame.state = state
            known[path] = attributes.read(frame, owner, written, awaited_chain=False)
        if capture.cls is not None:
            cls = expressions.evaluate(frame, state, capture.cls)
            known[path] = assume.of_class(frame, known[path], cls)
            if not path and source(node):
                state.narrow(source(node), known[path])
        if capture.name:
            state.bind(capture.name, known[path])


_EXECUTE: dict[type, Callable[[Frame, State, Any], States]] = {
    tree.ExprStmt: _expr_stmt,
    tree.Assign: _assign,
    tree.AugAssign: _aug_assign,
    tree.Return: _return,
    tree.Raise: _raise,
    tree.If: _if,
    tree.For: _for,
    tree.While: _while,
    tree.With: _with,
    tree.Try: _try,
    tree.Assert: _assert,
    tree.Delete: _delete,
    tree.Match: _match,
    tree.Jump: _jump,
    tree.Import: _import,
    tree.Scope: _scope,
    tree.FunctionDef: _function,
    tree.ClassDef: _class,
}
