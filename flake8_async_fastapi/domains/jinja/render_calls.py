"""Calls that render a template: its name, its variables, and the folders it may be in.

Source: Jinja documentation, "API"; Starlette documentation, "Templates".
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.jinja import rendering
from flake8_async_fastapi.domains.jinja.page import Folders, TemplateName, Variables
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Collection,
    Const,
    Member,
    Object,
    Plain,
    Text,
    TextPrefix,
    Value,
    alternatives,
    is_none,
)

TEMPLATE: Final = "jinja2.Template"
_RESPONSES: Final = "starlette.templating.Jinja2Templates"
TYPES: Final = ("jinja2.Environment", TEMPLATE, _RESPONSES)
"""Types whose methods are modelled here."""
_METHODS_GETTING: Final = {
    "get_template": "name",
    "select_template": "names",
    "get_or_select_template": "template_name_or_list",
}
_METHODS_RENDERING: Final = frozenset({"render", "render_async", "generate", "generate_async", "stream"})


def call_template_method(site: CallSite) -> Value | None:
    """A method of an environment or a template; None for the usual result."""
    assert isinstance(site.callee, Member)
    receiver, name = site.callee.receiver, site.callee.name
    frame, arguments, origin = site.frame, site.arguments, site.place
    if name == "TemplateResponse" and knowledge.is_subtype(receiver.type, _RESPONSES):
        _render_response(frame, receiver, arguments, origin.position)
    elif name in _METHODS_GETTING and not isinstance(receiver.detail, TemplateName):
        asked = arguments.get(0, _METHODS_GETTING[name])
        if asked is not None:
            return Object(TEMPLATE, detail=TemplateName(asked, _template_folders(receiver)))
    elif name == "overlay" and "loader" not in dict(arguments.keywords):
        return receiver
    elif name in _METHODS_RENDERING and isinstance(receiver.detail, TemplateName):
        contexts: list[Variables] = [] if arguments.args else [{}]
        is_open = arguments.opaque
        for given in arguments.args[:1]:
            for alternative in alternatives(given):
                variables, more = _context_variables(alternative)
                contexts.append(variables)
                is_open = is_open or more
        for variables in contexts:
            variables.update(arguments.keywords)
        rendering.render_template(frame, receiver.detail, contexts, is_open, origin.position)
    return None


def _render_response(frame: Frame, receiver: Object, arguments: Arguments, place: Position) -> None:
    """``TemplateResponse``, with the request first, or with the name first as before Starlette 0.29."""
    args = () if arguments.opaque else arguments.args
    words = dict(arguments.keywords)
    first = 0 if args and _is_text(args[0]) else 1
    named = words.get("name") or (args[first] if len(args) > first else None)
    if named is None:
        return
    context = words.get("context") or (args[first + 1] if len(args) > first + 1 else None)
    is_open = receiver.argument("context_processors") is not None or arguments.opaque
    contexts = []
    for option in alternatives(context) if context is not None else ():
        variables, more = _context_variables(option)
        contexts.append(variables)
        is_open = is_open or more
    request = words.get("request") or (args[0] if first and args else UNKNOWN)
    contexts = contexts or [{}]
    for variables in contexts:
        variables.setdefault("request", request)
    rendering.render_template(
        frame, TemplateName(named, _template_folders(receiver)), contexts, is_open, place
    )


def _is_text(value: Value) -> bool:
    return all(
        alternative == Plain("str") or (isinstance(alternative, Const) and isinstance(alternative.value, str))
        for alternative in alternatives(value)
    )


def _context_variables(context: Value) -> tuple[Variables, bool]:
    """The variables that a context passes, and whether there may be more."""
    if is_none(context):
        return {}, False
    if not isinstance(context, Collection) or context.keys is None or context.items is None:
        return {}, True
    pairs = zip(context.keys, context.items, strict=True)
    return {name: value for name, value in pairs if name is not None}, None in context.keys


def _template_folders(owner: Value | None) -> Folders:
    """The folders that the template names of an environment are relative to."""
    if not isinstance(owner, Object):
        return (None,)
    kind = owner.type.rpartition(".")[2]
    if kind == "Jinja2Templates" and owner.argument("env") is None:
        return _folders_of_text(owner.argument("directory") or owner.argument("0"))
    if kind == "Jinja2Templates":
        return _template_folders(owner.argument("env"))
    if kind == "FileSystemLoader":
        return _folders_of_text(owner.argument("searchpath") or owner.argument("0"))
    if kind == "PackageLoader":
        return _folders_of_package(owner)
    if kind == "ChoiceLoader":
        loaders = owner.argument("loaders") or owner.argument("0")
        known = loaders.items if isinstance(loaders, Collection) else None
        return tuple(folder for loader in known for folder in _template_folders(loader)) if known else (None,)
    if kind in ("DictLoader", "FunctionLoader", "ModuleLoader"):
        return ()  # its templates are not files
    if kind.endswith("Environment"):
        return _template_folders(owner.argument("loader"))
    return (None,)


def _folders_of_text(directory: Value | None) -> Folders:
    if isinstance(directory, Collection) and directory.items:
        return tuple(folder for item in directory.items for folder in _folders_of_text(item))
    if isinstance(directory, TextPrefix):
        return (None,)  # a folder next to the code
    if isinstance(directory, Const) and isinstance(directory.value, str):
        tail = directory.value.replace("\\", "/").rpartition("../")[2]
        return (tail,)
    return (None,)


def _folders_of_package(loader: Object) -> Folders:
    package = loader.argument("package_name") or loader.argument("0")
    inner = loader.argument("package_path") or loader.argument("1") or Const("templates")
    match package, inner:
        case Const(value=str(name)), Const(value=str(folder)):
            return (f"{name.replace('.', '/')}/{folder}",)
    return (None,)


def model_template_name(ctx: Context, written: str) -> Text | None:
    """The text of a template name of the project: its value matters."""
    return Text(written) if written.rpartition("/")[2] in ctx.project.template_names() else None
