"""Jinja templates: what rendering one reads of ORM objects.

A template is run like a function that is called where it is rendered: its variables
are the context, and the objects are those of the path that renders it.  What is
missing there is reported at the call.  Blocks, includes and macros run inside of it, on
the same objects; so a macro's summary is never needed.

What is not known is silent: names that are computed, templates that are not in the
project or do not parse, what the environment's globals, filters and tests give.

Source: Jinja documentation, "Template Designer Documentation"; Starlette documentation,
"Templates".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from flake8_async_fastapi.domains.jinja.page import Layer, Named, Page, Place, Rendering, Variables
from flake8_async_fastapi.domains.orm import instances
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.context import Context, Frame, State, agreed_transitions, merge
from flake8_async_fastapi.engine.machine import expressions, statements
from flake8_async_fastapi.engine.text import condition
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Closure,
    Collection,
    Const,
    Function,
    Library,
    Plain,
    Unknown,
    Value,
    is_none,
    options,
    union,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

MOST_NESTED: Final = 12
"""Blocks, includes and macros inside of each other; those further in are left out."""
MOST_WORK: Final = 10_000
"""Statements run for one rendering: what it would enter beyond that is left out."""
_AGAIN: Final = 2
"""A template or macro inside of itself shows what it does to the next level, and nothing new after that."""


_CALLER: Final = "{{ caller"
"""A variable that no template can name: the other objects of the path that renders it, which live on."""
_SAVED: Final = "{{ outer"
_UNDEFINED: Final = Const(False)
"""What a name is that nobody gave: it counts as false."""
_GLOBALS: Final = frozenset(
    {"lipsum", "cycler", "joiner", "namespace", "_", "gettext", "ngettext", "pgettext", "npgettext", "debug",
     "loop", "self", "super", "caller", "varargs", "kwargs", "request", "url_for"}
)  # fmt: skip
_BUILTINS: Final = frozenset({"len", "sum", "range", "dict"})


# --- one rendering --------------------------------------------------------------------------


def render(frame: Frame, named: Named, contexts: list[Variables], is_open: bool, place: Place) -> None:
    """Run a template in the place of a call, once for each context that it may get."""
    state, ctx = frame.state, frame.ctx
    ends: list[State] = []
    for variables in contexts:
        if not any(map(renaming.carries, variables.values())):
            continue  # nothing of what it reads can be missing
        rendering = Rendering(frame.path, named.folders, is_open, ctx.steps, (frame, place))
        others = tuple(filter(renaming.carries, state.values()))
        known = _said(frame, state, variables)
        for path in _found(ctx, rendering, named.name):
            env = {**variables, _CALLER: Collection("tuple", items=others)}
            inner = State(env, {}, dict(known), dict(state.rows), state.happened)
            ends += _whole(ctx, Page(rendering, active=(path,)), path, [inner], ())
    _take(state, ends)


def _said(frame: Frame, state: State, variables: Variables) -> dict[str, bool]:
    """What the path knows of conditions, by the names that they have in the template."""
    known: dict[str, bool] = {}
    for name, expression in _named_arguments(frame.calling):
        text = condition(expression)
        if name in variables and text is not None and text[0] in state.known:
            known[name] = state.known[text[0]] is not text[1]
    for name, value in variables.items():  # of a context in a variable: named alike, it is the same
        if name in state.known and state.env.get(name) == value:
            known.setdefault(name, state.known[name])
    return known


def _named_arguments(call: tree.Call | None) -> Iterator[tuple[str, Expr]]:
    """What a call, or a dict that it is given, names with a word."""
    if call is None:
        return
    words = [(keyword.name, keyword.value) for keyword in call.keywords if keyword.name is not None]
    yield from words
    for given in (*call.args, *(value for _, value in words)):
        if isinstance(given, tree.DictDisplay):
            for key, value in zip(given.keys, given.values, strict=True):
                if isinstance(key, tree.Const) and isinstance(key.value, str):
                    yield key.value, value
        elif isinstance(given, tree.Call) and isinstance(given.func, tree.Name) and given.func.id == "dict":
            yield from ((word.name, word.value) for word in given.keywords if word.name is not None)


def _found(ctx: Context, rendering: Rendering, named: Value) -> Iterator[str]:
    """The templates that a name may mean: of a list, the first that there is."""
    for option in options(named):
        several = option.items if isinstance(option, Collection) and option.keys is None else (option,)
        for one in several or ():
            if not isinstance(one, Const) or not isinstance(one.value, str):
                break  # that one may be meant
            path = _find(ctx, rendering, one.value)
            if path is not None:
                rendering.names.setdefault(path, one.value)
                yield path
                break


def _find(ctx: Context, rendering: Rendering, name: str) -> str | None:
    find = ctx.project.templates.find
    for folder in rendering.folders:
        path = find(name, rendering.importer, folder)
        if path is None and folder is not None:
            # the folder may be written as seen from above the project's root
            path = find(name, rendering.importer, folder.rstrip("/").rpartition("/")[2])
        if path is not None:
            return path
    return None


def _frame(ctx: Context, page: Page, path: str) -> Frame:
    name = page.rendering.names.get(path, path)
    return Frame(
        ctx,
        path,
        name,
        using=("template", name),
        reports_for=page.rendering.reports_for,
        language=Template(page),
    )


def _whole(ctx: Context, page: Page, path: str, states: list[State], below: tuple[str, ...]) -> list[State]:
    """Run a template and then its parents, in which the blocks are those of the most derived one."""
    facts = ctx.project.template(path)
    if facts is None or path in below:
        return states
    blocks = dict(page.blocks)
    for name, block in facts.blocks.items():
        blocks[name] = (*blocks.get(name, ()), Layer(path, block.body))
    page = replace(page, blocks=blocks)
    frame = _frame(ctx, page, path)
    ends = statements.run(frame, facts.body, states)
    if facts.extends is None:
        return ends
    after: list[State] = []
    for end in ends:
        parent = expressions.evaluate(frame, end, facts.extends)
        parents = list(_found(ctx, page.rendering, parent))
        if not parents or any(map(is_none, options(parent))):
            after.append(end)
        for above in parents:
            after += _whole(ctx, page, above, [end.fork()], (*below, path))
    return merge(after)


def _page(frame: Frame) -> Page:
    assert isinstance(frame.language, Template)
    return frame.language.page


def _may_enter(frame: Frame, key: object) -> bool:
    """Whether there is room for one more block, include or macro."""
    page = _page(frame)
    if len(page.active) >= MOST_NESTED or page.active.count(key) >= _AGAIN:
        return False
    return frame.ctx.steps - page.rendering.begun < MOST_WORK and not frame.ctx.exhausted()


def _inside(state: State, env: Variables) -> State:
    """A path into a part that sees other variables; what is known of those it shares stays known."""

    def shared(text: str) -> bool:
        root = text.partition(" ")[0].partition(".")[0]
        return root in env and env[root] is state.env.get(root)

    env.setdefault(_CALLER, state.env.get(_CALLER, UNKNOWN))
    return State(
        env,
        {text: value for text, value in state.attributes.items() if shared(text)},
        {text: outcome for text, outcome in state.known.items() if shared(text)},
        dict(state.rows),
        state.happened,
    )


def _take(state: State, ends: list[State]) -> None:
    """What a part did to ORM objects, done to the path that it was run for."""
    if ends:
        state.rows = instances.joined([end.rows for end in ends])
        state.happened = agreed_transitions([end.happened for end in ends])


class Template(NamedTuple):
    """Jinja as a language, in one page."""

    page: Page

    def call(self, frame: Frame, state: State, node: tree.Call) -> Value | None:
        return call(frame, state, node)

    def call_function(self, frame: Frame, function: Function, arguments: Arguments) -> Value | None:
        is_macro = function.path not in frame.ctx.project.facts
        return run_macro(frame, function, arguments) if is_macro else None

    def look_up(self, frame: Frame, name: str) -> Value:
        return look_up(frame, name)

    def member(self, owner: Value, name: str) -> Value | None:
        return member(owner, name)

    def may_hold(self, frame: Frame, state: State, node: tree.Call, outcome: bool) -> bool:
        return may_hold(frame, state, node, outcome)


# --- variables ------------------------------------------------------------------------------


def look_up(frame: Frame, name: str) -> Value:
    """A name that is no variable: something of Jinja or of the environment, or else undefined."""
    if name in _BUILTINS:
        return Library(f"builtins.{name}")
    if name in _GLOBALS or name.startswith("{") or _page(frame).rendering.is_open:
        return UNKNOWN
    return _UNDEFINED


def _visible(state: State) -> Variables:
    """All variables that the template's author can name."""
    return {name: value for name, value in state.env.items() if not name.startswith("{")}


def _context(frame: Frame, state: State) -> Variables:
    """What blocks and macros see: not the variables of loops, but those that they hide."""
    page = _page(frame)
    if page.context is not None:
        return dict(page.context)
    env = _visible(state)
    depths: dict[str, int] = {}
    for saved, value in state.env.items():
        if saved.startswith(_SAVED):
            depth, _, name = saved.removeprefix(_SAVED).partition(":")
            if int(depth) <= depths.get(name, int(depth)):
                depths[name] = int(depth)
                env[name] = value
    return env


def member(owner: Value, name: str) -> Value | None:
    """``owner.name`` where that means an item; None where it does not."""
    if not isinstance(owner, Collection):
        return None
    if owner.keys is not None and owner.items is not None:
        return owner.items[owner.keys.index(name)] if name in owner.keys else None
    if owner.kind == "dict" and owner.items is None and not hasattr(dict, name):
        return owner.item
    if owner.items is not None and len(owner.items) == 2 and name in _OF_GROUPS:
        return owner.items[_OF_GROUPS[name]]
    return None


_OF_GROUPS: Final = {"grouper": 0, "list": 1}
"""What ``groupby`` gives are tuples with names."""


# --- what only templates have ---------------------------------------------------------------


def call(frame: Frame, state: State, node: tree.Call) -> Value | None:
    """A call that means something else than in Python; None for the others."""
    match node.func:
        case tree.Name(id="{% block"):
            return _block(frame, state, node)
        case tree.Name(id="{% super"):
            return _super(frame, state, node)
        case tree.Name(id="{% include"):
            _include(frame, state, node)
            return UNKNOWN
        case tree.Name(id="{% import"):
            return _import(frame, state, node)
        case tree.Name(id=name) if name.startswith("{"):
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                expressions.evaluate(frame, state, given.value if isinstance(given, tree.Starred) else given)
            return UNKNOWN
    return None


def may_hold(frame: Frame, state: State, node: tree.Call, outcome: bool) -> bool:
    """Whether a test may come out as said: of ``is defined``, the path may know it."""
    if not isinstance(node.func, tree.Name) or len(node.args) != 1:
        return True
    wanted = {"{{ test:defined": True, "{{ test:undefined": False}.get(node.func.id)
    asked = node.args[0]
    if wanted is None or not isinstance(asked, tree.Name):
        return True
    value = state.env.get(asked.id)
    if value is None:
        defined = None if isinstance(look_up(frame, asked.id), (Unknown, Library)) else False
    else:
        defined = None if value == _UNDEFINED else True  # it may have been undefined before a loop
    return defined is None or (defined is wanted) is outcome


def _constant(node: tree.Call, place: int) -> object:
    given = node.args[place] if place < len(node.args) else None
    return given.value if isinstance(given, tree.Const) else None


def _block(frame: Frame, state: State, node: tree.Call) -> Value:
    env = _visible(state) if _constant(node, 1) is True else _context(frame, state)
    return _layer(frame, state, str(_constant(node, 0)), 0, env)


def _super(frame: Frame, state: State, node: tree.Call) -> Value:
    name, levels = str(_constant(node, 0)), _constant(node, 1)
    current = _page(frame).levels.get(name, 0)
    level = current + (levels if isinstance(levels, int) else 1)
    return _layer(frame, state, name, level, _context(frame, state))


def _layer(frame: Frame, state: State, name: str, level: int, env: Variables) -> Value:
    """Run a block, or what it replaced."""
    page = _page(frame)
    layers = page.blocks.get(name, ())
    key = "block", name, level
    if level < len(layers) and _may_enter(frame, key):
        levels = {**page.levels, name: level}
        page = replace(page, context=dict(env), levels=levels, active=(*page.active, key))
        inner = _frame(frame.ctx, page, layers[level].path)
        _take(state, statements.run(inner, layers[level].body, [_inside(state, env)]))
    return Plain("str")


def _flag(node: tree.Call, name: str) -> bool:
    given = [keyword.value for keyword in node.keywords if keyword.name == name]
    return any(isinstance(value, tree.Const) and value.value is True for value in given)


def _include(frame: Frame, state: State, node: tree.Call) -> None:
    page = _page(frame)
    named = expressions.evaluate(frame, state, node.args[0])
    ends: list[State] = []
    for path in _found(frame.ctx, page.rendering, named):
        if _may_enter(frame, path):
            inner = Page(page.rendering, active=(*page.active, path))
            env = _visible(state) if _flag(node, "with_context") else {}
            ends += _whole(frame.ctx, inner, path, [_inside(state, env)], ())
    _take(state, ends)


def _import(frame: Frame, state: State, node: tree.Call) -> Value:
    """The macros and variables of another template, as items by their names."""
    page = _page(frame)
    named = expressions.evaluate(frame, state, node.args[0])
    with_context = _flag(node, "with_context")
    found: list[Value] = []
    for path in _found(frame.ctx, page.rendering, named):
        known = None if with_context else page.rendering.imports.get(path)
        if known is None and _may_enter(frame, path):
            inner = Page(page.rendering, active=(*page.active, path))
            env = _visible(state) if with_context else {}
            before = dict(env)
            ends = _whole(frame.ctx, inner, path, [_inside(state, env)], ())
            _take(state, ends)
            known = _exported(ends, before)
            if not with_context:
                page.rendering.imports[path] = known
        found.append(UNKNOWN if known is None else known)
    return union(found) if found else UNKNOWN


def _exported(ends: list[State], before: Variables) -> Value:
    """What a template offers that imports it; its macros see each other, and what else it set."""
    envs = [_visible(end) for end in ends]
    exported = {
        name: value
        for name, value in (envs[0] if envs else {}).items()
        if before.get(name) is not value and all(env.get(name) == value for env in envs)
    }
    closure = Closure({})
    for name, value in exported.items():
        if isinstance(value, Function):
            kept = {**value.closure.env, **closure.env} if value.closure is not None else {}
            closure.env.update(kept)
            exported[name] = replace(value, closure=closure)
    closure.env.update(exported)
    return Collection("template", items=tuple(exported.values()), keys=tuple(exported))


# --- macros ---------------------------------------------------------------------------------


def run_macro(frame: Frame, function: Function, arguments: Arguments) -> Value:
    """Call a macro: run it where it is called."""
    state, page, node = frame.state, _page(frame), function.node
    if not isinstance(node, tree.FunctionDef) or not _may_enter(frame, function.key):
        return UNKNOWN
    env = _context(frame, state) if function.path == frame.path else {}  # macros that come after it
    if function.closure is not None:
        env.update((name, value) for name, value in function.closure.env.items() if name[:1] != "{")
    page = replace(page, blocks={}, context=dict(env), levels={}, active=(*page.active, function.key))
    inner = _frame(frame.ctx, page, function.path)
    start = _inside(state, env)
    _bind(inner, start, node, arguments)
    _take(state, [*statements.run(inner, node.body, [start]), *inner.left])
    return Plain("str")


def _bind(frame: Frame, state: State, node: tree.FunctionDef, arguments: Arguments) -> None:
    """Give a macro's parameters their values: those that are not given are undefined."""
    usual = [param for param in node.params if param.kind == "any"]
    named = {param.name for param in node.params}
    for place, param in enumerate(usual):
        value = arguments.get(place, param.name)
        if value is None and param.default is not None and not arguments.opaque:
            value = expressions.evaluate(frame, state, param.default)
        if value is None:
            value = UNKNOWN if arguments.opaque else _UNDEFINED
        state.bind(param.name, value)
    for param in node.params:
        if param.kind == "*":
            state.bind(param.name, Collection("tuple", items=arguments.args[len(usual) :]))
        elif param.kind == "kw":
            state.bind(param.name, dict(arguments.keywords).get(param.name, UNKNOWN))
        elif param.kind == "**":
            rest = [pair for pair in arguments.keywords if pair[0] not in named]
            keys, items = tuple(name for name, _ in rest), tuple(value for _, value in rest)
            state.bind(param.name, Collection("dict", items=items, keys=keys))
