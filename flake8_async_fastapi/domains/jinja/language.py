"""The semantics of Jinja's blocks, includes, imports, macros and names."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from flake8_async_fastapi.domains.jinja.page import Page, Variables
from flake8_async_fastapi.domains.jinja.template_runs import (
    find_templates,
    has_room,
    run_template,
    state_for_part,
    template_frame,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.machine import expressions, statements
from flake8_async_fastapi.engine.state import State
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
)
from flake8_async_fastapi.facts import tree

_SAVED: Final = "{{ outer"
_UNDEFINED: Final = Const(False)
"""What a name is that nobody gave: it counts as false."""
_GLOBALS: Final = frozenset(
    {"lipsum", "cycler", "joiner", "namespace", "_", "gettext", "ngettext", "pgettext", "npgettext", "debug",
     "loop", "self", "super", "caller", "varargs", "kwargs", "request", "url_for"}
)  # fmt: skip
_BUILTINS: Final = frozenset({"len", "sum", "range", "dict"})


class TemplateLanguage(NamedTuple):
    """The semantics of Jinja on one page."""

    page: Page

    def call(self, frame: Frame, state: State, node: tree.Call) -> Value | None:
        return call_in_template(frame, state, node)

    def call_function(self, frame: Frame, function: Function, arguments: Arguments) -> Value | None:
        is_macro = not frame.ctx.project.has(function.path)
        return call_macro(frame, function, arguments) if is_macro else None

    def look_up(self, frame: Frame, name: str) -> Value:
        return look_up_name(frame, name)

    def item_by_attribute(self, owner: Value, name: str) -> Value | None:
        return item_by_attribute(owner, name)

    def may_pass_test(self, frame: Frame, state: State, node: tree.Call, outcome: bool) -> bool:
        return may_pass_test(frame, state, node, outcome)


def page_of(frame: Frame) -> Page:
    """The page that a frame runs a part of."""
    assert isinstance(frame.language, TemplateLanguage)
    return frame.language.page


def look_up_name(frame: Frame, name: str) -> Value:
    """The value of a name that is not a variable: a global of Jinja or the environment, else undefined."""
    if name in _BUILTINS:
        return Library(f"builtins.{name}")
    if name in _GLOBALS or name.startswith("{") or page_of(frame).rendering.has_unknown_variables:
        return UNKNOWN
    return _UNDEFINED


def _visible_variables(state: State) -> Variables:
    """All variables that the template can name."""
    return {name: value for name, value in state.env.items() if not name.startswith("{")}


def _block_context(frame: Frame, state: State) -> Variables:
    """The variables that blocks and macros see: not those of loops, but those that loops hide."""
    page = page_of(frame)
    if page.context is not None:
        return dict(page.context)
    env = _visible_variables(state)
    depths: dict[str, int] = {}
    for saved, value in state.env.items():
        if saved.startswith(_SAVED):
            depth, _, name = saved.removeprefix(_SAVED).partition(":")
            if int(depth) <= depths.get(name, int(depth)):
                depths[name] = int(depth)
                env[name] = value
    return env


def item_by_attribute(owner: Value, name: str) -> Value | None:
    """``owner.name`` if it means an item; None if it does not."""
    if not isinstance(owner, Collection):
        return None
    if owner.keys is not None and owner.items is not None:
        return owner.items[owner.keys.index(name)] if name in owner.keys else None
    if owner.kind == "dict" and owner.items is None and not hasattr(dict, name):
        return owner.item
    if owner.items is not None and len(owner.items) == 2 and name in _GROUP_ITEMS:
        return owner.items[_GROUP_ITEMS[name]]
    return None


_GROUP_ITEMS: Final = {"grouper": 0, "list": 1}
"""What ``groupby`` gives are tuples with names."""


def call_in_template(frame: Frame, state: State, node: tree.Call) -> Value | None:
    """The result of a call that differs from Python; None for other calls."""
    match node.func:
        case tree.Name(id="{% block"):
            return _render_block(frame, state, node)
        case tree.Name(id="{% super"):
            return _render_super(frame, state, node)
        case tree.Name(id="{% include"):
            _render_include(frame, state, node)
            return UNKNOWN
        case tree.Name(id="{% import"):
            return _import_template(frame, state, node)
        case tree.Name(id=name) if name.startswith("{"):
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                expressions.evaluate(frame, state, given.value if isinstance(given, tree.Starred) else given)
            return UNKNOWN
    return None


def may_pass_test(frame: Frame, state: State, node: tree.Call, outcome: bool) -> bool:
    """Whether a test may have the given outcome. For ``is defined``, the path may know it."""
    if not isinstance(node.func, tree.Name) or len(node.args) != 1:
        return True
    wanted = {"{{ test:defined": True, "{{ test:undefined": False}.get(node.func.id)
    asked = node.args[0]
    if wanted is None or not isinstance(asked, tree.Name):
        return True
    value = state.env.get(asked.id)
    if value is None:
        defined = None if isinstance(look_up_name(frame, asked.id), (Unknown, Library)) else False
    else:
        defined = None if value == _UNDEFINED else True  # it may have been undefined before the loop
    return defined is None or (defined is wanted) is outcome


def _constant_at(node: tree.Call, place: int) -> object:
    given = node.args[place] if place < len(node.args) else None
    return given.value if isinstance(given, tree.Const) else None


def _render_block(frame: Frame, state: State, node: tree.Call) -> Value:
    env = _visible_variables(state) if _constant_at(node, 1) is True else _block_context(frame, state)
    return _render_layer(frame, state, str(_constant_at(node, 0)), 0, env)


def _render_super(frame: Frame, state: State, node: tree.Call) -> Value:
    name, levels = str(_constant_at(node, 0)), _constant_at(node, 1)
    current = page_of(frame).levels.get(name, 0)
    level = current + (levels if isinstance(levels, int) else 1)
    return _render_layer(frame, state, name, level, _block_context(frame, state))


def _render_layer(frame: Frame, state: State, name: str, level: int, env: Variables) -> Value:
    """Run a block, or the block that it overrides."""
    page = page_of(frame)
    layers = page.blocks.get(name, ())
    key = "block", name, level
    if level < len(layers) and has_room(frame, page, key):
        levels = {**page.levels, name: level}
        page = replace(page, context=dict(env), levels=levels, active=(*page.active, key))
        inner = template_frame(frame.ctx, page, layers[level].path)
        frame.ctx.hooks.join_into(
            state, statements.run_statements(inner, layers[level].body, [state_for_part(state, env)])
        )
    return Plain("str")


def _has_flag(node: tree.Call, name: str) -> bool:
    given = [keyword.value for keyword in node.keywords if keyword.name == name]
    return any(isinstance(value, tree.Const) and value.value is True for value in given)


def _render_include(frame: Frame, state: State, node: tree.Call) -> None:
    page = page_of(frame)
    named = expressions.evaluate(frame, state, node.args[0])
    ends: list[State] = []
    for path in find_templates(frame.ctx, page.rendering, named):
        if has_room(frame, page, path):
            inner = Page(page.rendering, active=(*page.active, path))
            env = _visible_variables(state) if _has_flag(node, "with_context") else {}
            ends += run_template(frame.ctx, inner, path, [state_for_part(state, env)], ())
    frame.ctx.hooks.join_into(state, ends)


def _import_template(frame: Frame, state: State, node: tree.Call) -> Value:
    """The macros and variables of another template, as items by their names."""
    page = page_of(frame)
    named = expressions.evaluate(frame, state, node.args[0])
    with_context = _has_flag(node, "with_context")
    found: list[Value] = []
    for path in find_templates(frame.ctx, page.rendering, named):
        known = None if with_context else page.rendering.imports.get(path)
        if known is None and has_room(frame, page, path):
            inner = Page(page.rendering, active=(*page.active, path))
            env = _visible_variables(state) if with_context else {}
            before = dict(env)
            ends = run_template(frame.ctx, inner, path, [state_for_part(state, env)], ())
            frame.ctx.hooks.join_into(state, ends)
            known = _exported_names(ends, before)
            if not with_context:
                page.rendering.imports[path] = known
        found.append(UNKNOWN if known is None else known)
    return union(found) if found else UNKNOWN


def _exported_names(ends: list[State], before: Variables) -> Value:
    """The names that a template exports; its macros see each other and its other variables."""
    envs = [_visible_variables(end) for end in ends]
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


def call_macro(frame: Frame, function: Function, arguments: Arguments) -> Value:
    """Call a macro by running it at the call."""
    state, page, node = frame.state, page_of(frame), function.node
    if not isinstance(node, tree.FunctionDef) or not has_room(frame, page, function.key):
        return UNKNOWN
    env = _block_context(frame, state) if function.path == frame.path else {}  # macros defined after it
    if function.closure is not None:
        env.update((name, value) for name, value in function.closure.env.items() if name[:1] != "{")
    page = replace(page, blocks={}, context=dict(env), levels={}, active=(*page.active, function.key))
    inner = template_frame(frame.ctx, page, function.path)
    start = state_for_part(state, env)
    _bind_macro_arguments(inner, start, node, arguments)
    frame.ctx.hooks.join_into(state, [*statements.run_statements(inner, node.body, [start]), *inner.exits])
    return Plain("str")


def _bind_macro_arguments(frame: Frame, state: State, node: tree.FunctionDef, arguments: Arguments) -> None:
    """Bind a macro's parameters: those without an argument are undefined."""
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
