"""Which session the code around a place has."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.code import Code, Function


def session_in_scope(code: Code, node: cst.CSTNode) -> str:
    """How a function writes its only session: a parameter, or what its class keeps; else empty."""
    function = code.function_around(node)
    if not isinstance(function, cst.FunctionDef):
        return ""
    own = _session_parameters(code, function)
    if own:
        return own[0] if len(own) == 1 else ""
    cls = code.first_around(function, cst.ClassDef)
    first = function.params.params[0].name.value if function.params.params else ""
    is_method = cls is not None and code.parent(function) is cls.body
    kept = _kept_sessions(code, cls) if cls is not None and is_method else []
    return f"{first}.{kept[0]}" if first and len(kept) == 1 else ""


def _session_parameters(code: Code, function: Function) -> list[str]:
    """The parameters of a function whose annotation says that they are sessions."""
    parameters = (*function.params.params, *function.params.kwonly_params)
    return [
        parameter.name.value
        for parameter in parameters
        if parameter.annotation is not None and "AsyncSession" in code.source(parameter.annotation.annotation)
    ]


def _kept_sessions(code: Code, cls: cst.ClassDef) -> list[str]:
    """The attributes to which the constructor of a class assigns a session that it is given."""
    found = []
    for function in code.nodes(cst.FunctionDef):
        if function.name.value != "__init__" or code.first_around(function, cst.ClassDef) is not cls:
            continue
        given = _session_parameters(code, function)
        for node in code.nodes(cst.Assign):
            target = node.targets[0].target
            is_kept = isinstance(node.value, cst.Name) and node.value.value in given
            if is_kept and code.function_around(node) is function and isinstance(target, cst.Attribute):
                found.append(target.attr.value)
    return found
