"""Statements that a loop sends for each item although one statement could fetch all.

Reported only if an ``in_()`` or a loader option can replace them: a key or an equality that depends on the
item, in a loop that goes through all items and ends no transaction. Not in a script that is run by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from flake8_async_fastapi.domains.orm.events import ItemQueried
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.domains.orm.statements.queries import Query
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.programs import is_program
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Member, Object
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import (
    all_nodes,
    bound_names,
    dotted,
    flat,
    nodes_in,
    target_names,
    written_argument,
)
from flake8_async_fastapi.knowledge.transactions import GETS, is_session_type
from flake8_async_fastapi.project.modules import is_test

Loop: TypeAlias = tree.For | tree.Comp
_BY_STATEMENT: Final = frozenset({"execute", "scalar", "scalars", "exec"})
_METHODS: Final = GETS | _BY_STATEMENT
# Calls in a loop whose passes are separate on purpose.
_PARTS_PASSES: Final = frozenset(
    {"commit", "rollback", "begin", "begin_nested", "flush", "sleep", "close", "expire", "expire_all"}
)
_CONDITIONS: Final = frozenset({"where", "filter"})
_CHAIN: Final = _CONDITIONS | {"filter_by", "options", "join", "outerjoin", "select_from", "join_from"}
_AGGREGATES: Final = frozenset({"avg", "count", "max", "min", "sum"})
_REPEAT: Final = (tree.For, tree.While, tree.Comp)
_VIEWS: Final = frozenset({"enumerate", "sorted", "list", "set", "tuple", "reversed", "zip"})


def report_item_query(site: CallSite) -> None:
    """Report a call of a session that fetches rows by a value of the loop's item."""
    frame, callee, arguments, node = site.frame, site.callee, site.arguments, fetching_call(site)
    if not frame.emit or not isinstance(callee, Member) or node is None:
        return
    for loop in reversed(loops_of(frame)):
        named = names_told(loop)
        if is_bound_in(loop, dotted(node.func).partition(".")[0]):
            return  # each pass has its own session
        asked = asked_for(frame, callee, arguments, node, named, _body_of(loop))
        if asked is not None and not is_kept(loop, node):
            cls = "" if asked.cls is None else asked.cls.name
            at = (*frame.at(node), for_message(node.func), cls, Spot(frame.path, loop.line))
            frame.emit_event(ItemQueried(*at, is_counted=asked.is_counted))
            return


def fetching_call(site: CallSite) -> tree.Call | None:
    """The call of a session, as written, if it is awaited and fetches rows."""
    callee, node = site.callee, site.frame.current_call
    if not isinstance(callee, Member) or callee.name not in _METHODS or node is None:
        return None
    if not is_session_type(callee.receiver.type) or site.frame.place_of(node) != site.place:
        return None
    return node if site.place.position in site.frame.awaited_calls else None


def report_item_attribute(frame: Frame, obj: InstanceState, name: str, place: Place, text: str) -> None:
    """Report an unloaded attribute that is loaded separately for each of many objects of a query."""
    if not frame.emit or not frame.enclosing_loops or not obj.is_item or obj.source != "query":
        return
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(name) if model is not None else None
    if not isinstance(attribute, Relationship) or attribute.lazy in ("raise", "raise_on_sql", "noload"):
        return
    if not isinstance(transitions.attribute_state(frame.ctx, obj, name, attribute), NotLoaded):
        return
    for loop in reversed(loops_of(frame)):
        if (obj.path, obj.line) != (frame.path, loop.line) and _holds_line(frame, loop, obj):
            continue  # the query belongs to a pass
        query = Spot(obj.path, obj.line) if obj.parent is None else None
        event = ItemQueried(
            *place, frame.qualname, text, f"{obj.cls.name}.{name}", Spot(frame.path, loop.line), query
        )
        frame.emit_event(event)
        return


def report_item_refresh(frame: Frame, obj: InstanceState) -> None:
    """Report a refresh of each object that a loop goes through: one statement could load them all anew.

    A loop that awaits something else may need what only the refresh of its pass shows.
    """
    node = frame.current_call
    if not frame.emit or not frame.enclosing_loops or node is None or not node.args:
        return
    for loop in reversed(loops_of(frame)):
        targets = [loop.target] if isinstance(loop, tree.For) else [part.target for part in loop.loops]
        awaited = [inner.value for inner in nodes_in(_body_of(loop)) if isinstance(inner, tree.Await)]
        if dotted(node.args[0]) in map(dotted, targets) and all(one is node for one in awaited):
            at = (*frame.at(node), for_message(node.func), obj.cls.name, Spot(frame.path, loop.line))
            frame.emit_event(ItemQueried(*at))
            return


def _holds_line(frame: Frame, loop: Loop, obj: InstanceState) -> bool:
    """Whether an object was loaded within a loop."""
    if obj.path != frame.path:
        return False
    lines = {line for node in nodes_in(loop) if isinstance(line := getattr(node, "line", None), int)}
    return obj.line in lines


# --- loops -----------------------------------------------------------------------------------


def loops_of(frame: Frame) -> list[Loop]:
    """The loops around the running code, from the outermost, that go through items in any order."""
    if is_test(frame.path) or is_program(frame.ctx, frame.path):
        return []
    found: list[Loop] = []
    for loop in frame.enclosing_loops:
        if isinstance(loop, tree.For):
            if not loop.is_async and _goes_through_all(loop) and _has_many(frame, loop.iter):
                found.append(loop)
        elif isinstance(loop, tree.Comp) and loop.kind != "generator":
            found += [loop] if all(_has_many(frame, part.iter) for part in loop.loops) else []
    return found


def is_kept(loop: Loop, node: tree.Call) -> bool:
    """Whether a call in a loop is made only for what a dictionary lacks, which gets the result."""
    for branch in nodes_in(_body_of(loop)):
        found = _lacking(branch) if isinstance(branch, tree.If) else None
        if found is not None:
            kept, body = found
            kinds = (one for one in nodes_in(body) if isinstance(one, tree.Assign))
            targets = [target for one in kinds for target in one.targets]
            fills = (one.value for one in targets if isinstance(one, tree.Subscript))
            if dotted(kept) in map(dotted, fills) and node in all_nodes(body):
                return True
    return False


def _lacking(branch: tree.If) -> tuple[Expr, list[Stmt]] | None:
    """What a condition looks for a key in, and the code for a key that is not there."""
    test, there, lacking = branch.test, branch.body, branch.orelse
    while isinstance(test, tree.Unary) and test.op == "not":
        test, there, lacking = test.value, lacking, there
    match test:
        case tree.Compare(ops=["in"], rights=[kept]):
            return kept, lacking
        case tree.Compare(ops=["not in"], rights=[kept]):
            return kept, there
    return None


def _goes_through_all(loop: tree.For) -> bool:
    """Whether no pass of a loop leaves it or its function, ends a transaction, or handles its errors."""
    for node in nodes_in(loop.body):
        if isinstance(node, (tree.Return, tree.Try, tree.Yield, tree.YieldFrom)):
            return False
        if isinstance(node, tree.Jump) and node.word == "break":
            return False
        called = node.func if isinstance(node, tree.Call) else None
        if isinstance(called, tree.Attr) and called.name in _PARTS_PASSES:
            return False
    return True


def _has_many(frame: Frame, items: Expr) -> bool:
    """Whether the iterable of a loop may be long: not a range, nor items written in the code."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef):
        return False
    while True:
        if isinstance(items, tree.Await):
            items = items.value
        elif isinstance(items, tree.Call) and isinstance(items.func, tree.Name):
            if items.func.id not in _VIEWS or not items.args:
                return items.func.id != "range" and bool(items.args)
            items = items.args[0]
        elif isinstance(items, tree.Call) and isinstance(items.func, tree.Attr):
            items = items.func.value
        elif isinstance(items, (tree.Attr, tree.Subscript)):
            items = items.value
        else:
            break
    if not isinstance(items, tree.Name):
        return False
    if any(param.name == items.id for param in function.params):
        return items.id not in ("self", "cls")
    return not _is_filled_by_hand(function, items.id) and any(
        items.id in bound_names(statement)
        and not (isinstance(statement, tree.Assign) and _is_written(statement.value))
        for statement in flat(function.body)
    )


def _is_filled_by_hand(function: tree.FunctionDef, name: str) -> bool:
    """Whether a function fills a list itself, outside of loops, by one ``append()`` after another."""
    bound = [one for one in flat(function.body) if name in bound_names(one)]
    if not all(isinstance(one, tree.Assign) and isinstance(one.value, tree.Display) for one in bound):
        return False
    calls = [node for node in nodes_in(function.body) if isinstance(node, tree.Call)]
    appends = [one for one in calls if dotted(one.func) == f"{name}.append"]
    uses = [one for one in calls if dotted(one.func).startswith(f"{name}.") or mentions(one.args, {name})]
    loops = [node for node in nodes_in(function.body) if isinstance(node, _REPEAT)]
    repeated = [node for loop in loops for node in nodes_in(loop)]
    return bool(appends) and uses == appends and not any(one in repeated for one in appends)


def _is_written(value: Expr | None) -> bool:
    return isinstance(value, tree.Display) and bool(value.items)


def names_told(loop: Loop) -> frozenset[str]:
    """The names that an item of a loop binds, and those that are assigned from them."""
    if isinstance(loop, tree.Comp):
        return frozenset(name for part in loop.loops for name in target_names(part.target))
    return names_from(set(target_names(loop.target)), loop.body)


def names_from(told: set[str], body: list[Stmt]) -> frozenset[str]:
    """Some names, and those that a block assigns from them."""
    for statement in flat(body):
        value = statement.value if isinstance(statement, tree.Assign) else None
        if isinstance(statement, tree.For):
            value = statement.iter
        if value is not None and not isinstance(value, tree.Await) and mentions(value, told):
            told |= set(bound_names(statement))
    return frozenset(told)


def _body_of(loop: Loop) -> list[Stmt]:
    return loop.body if isinstance(loop, tree.For) else []


def is_bound_in(loop: Loop, name: str) -> bool:
    return isinstance(loop, tree.For) and any(name in bound_names(inner) for inner in flat(loop.body))


def mentions(code: object, names: set[str] | frozenset[str]) -> bool:
    return not names.isdisjoint([node.id for node in all_nodes(code) if isinstance(node, tree.Name)])


# --- statements ------------------------------------------------------------------------------


class Asked(Struct, frozen=True):
    """The class that a statement asks for, None for columns; ``by_key`` says that a session may hold it.

    ``is_counted``: it asks for the number or the sum of rows.
    """

    cls: ClassValue | None
    by_key: bool = False
    is_counted: bool = False


def asked_for(
    frame: Frame,
    method: Member,
    arguments: Arguments,
    node: tree.Call,
    told: frozenset[str],
    body: list[Stmt],
) -> Asked | None:
    """The query of a statement that depends on some names only, written in a block; None for others."""
    if method.name not in GETS:
        return _asked_by_equality(arguments, node, told, body)
    cls = _asked_by_key(frame, arguments, node, told)
    return None if cls is None else Asked(cls, by_key=True)


def _asked_by_key(
    frame: Frame, arguments: Arguments, node: tree.Call, told: frozenset[str]
) -> ClassValue | None:
    """The model that a ``get()`` fetches by a key from the item, if the session may not hold it yet."""
    first = arguments.args[0] if arguments.args else None
    key = written_argument(node, 1, "ident")
    if not isinstance(first, ClassValue) or key is None or not mentions(key, told):
        return None
    if any(keyword.name not in ("ident", "options") for keyword in node.keywords):
        return None
    if models.mapped_model(frame.ctx, first) is None or may_be_held(frame, first, frame.place_of(node).spot):
        return None
    return first


def may_be_held(frame: Frame, cls: ClassValue, spot: Spot) -> bool:
    """Whether objects of a class were loaded by another statement than the one at a line."""
    for obj in instances_of(frame.state).values():
        if obj.cls == cls and (obj.path, obj.line) != spot:
            return True
        model = models.model_of_objects(frame.ctx, obj.cls)
        for name, attribute in model.attributes.items() if model is not None else ():
            if isinstance(attribute, Relationship) and attribute.target == cls:
                found = transitions.attribute_state(frame.ctx, obj, name, attribute)
                if not isinstance(found, NotLoaded):
                    return True
    return False


def _asked_by_equality(
    arguments: Arguments, node: tree.Call, told: frozenset[str], body: list[Stmt]
) -> Asked | None:
    """The class that a statement selects by comparing columns with the item by ``==`` only."""
    first = arguments.args[0] if arguments.args else None
    if len(node.args) != 1 or node.keywords or not isinstance(first, Object):
        return None
    if not isinstance(first.detail, Query) or not first.detail.items:
        return None
    written = list(_written_statements(node.args[0], body))
    asks = [_condition_kind(statement, told) for statement in written]
    if not asks or None in asks or not any(asks):
        return None
    entity = first.detail.items[0]
    return Asked(entity.cls if entity is not None else None, is_counted=any(map(_counts, nodes_in(written))))


def _written_statements(expression: Expr, body: list[Stmt]) -> Iterator[Expr]:
    """The expression of a statement; for a variable, all expressions that the block assigns to it."""
    if not isinstance(expression, tree.Name):
        yield expression
    else:
        for statement in flat(body):
            if isinstance(statement, tree.Assign) and expression.id in bound_names(statement):
                yield statement.value if statement.value is not None else expression


def _condition_kind(statement: Expr, told: frozenset[str]) -> bool | None:
    """Whether a statement depends on the item; None if it does so otherwise than by ``==`` alone."""
    depends = False
    while isinstance(statement, tree.Call) and isinstance(statement.func, tree.Attr):
        if statement.func.name not in _CHAIN or any(isinstance(arg, tree.Starred) for arg in statement.args):
            break
        if statement.func.name == "filter_by":
            depends |= any(mentions(keyword.value, told) for keyword in statement.keywords)
        elif statement.func.name in _CONDITIONS:
            kinds = [_equality_kind(argument, told) for argument in statement.args]
            if None in kinds:
                return None
            depends |= any(kinds)
        elif mentions(statement.args, told):
            return None
        statement = statement.func.value
    if isinstance(statement, tree.Name):
        return depends
    if not isinstance(statement, tree.Call) or dotted(statement.func).rpartition(".")[2] != "select":
        return None
    is_plain = all(isinstance(one, (tree.Name, tree.Attr)) or _counts(one) for one in statement.args)
    return depends if is_plain and not mentions(statement.args, told) else None


def _counts(node: object) -> bool:
    """Whether an expression is an aggregate, such as ``func.count()``, or its value in place of NULL."""
    if not isinstance(node, tree.Call):
        return False
    owner, _, name = dotted(node.func).rpartition(".")
    if owner.rpartition(".")[2] != "func":
        return False
    return name in _AGGREGATES or (name == "coalesce" and any(map(_counts, node.args[:1])))


def _equality_kind(condition: Expr, told: frozenset[str]) -> bool | None:
    if not mentions(condition, told):
        return False
    if isinstance(condition, tree.Compare) and condition.ops == ["=="]:
        sides = (condition.left, condition.rights[0])
        if any(not mentions(side, told) for side in sides):
            return True
    return None
