"""Templates as code: what each construct of Jinja becomes, which file a name means, what is kept."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from flake8_async_fastapi import reading
from flake8_async_fastapi.analysis import analysis_of, open_analysis
from flake8_async_fastapi.extract import ExtractError
from flake8_async_fastapi.extract.templates import MAX_CHARACTERS, extract_template
from flake8_async_fastapi.facts import template, tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.project.templates import index_templates
from flake8_async_fastapi.store.cache import Cache

ROOT = Path(__file__).parent.parent


# --- the tree as text ------------------------------------------------------------------


def written(node: Expr | None) -> str:
    """An expression as text: ``f(...)`` is a text made of parts, ``?(...)`` what is unknown."""
    match node:
        case tree.Name(id=name):
            return name
        case tree.Const(value=value):
            return repr(value)
        case tree.Attr(value=value, name=name):
            return f"{written(value)}.{name}"
        case tree.Call(func=func, args=args, keywords=keywords):
            named = [f"{keyword.name or '**'}={written(keyword.value)}" for keyword in keywords]
            return f"{written(func)}({', '.join([*map(written, args), *named])})"
        case tree.Subscript(value=value, index=index):
            return f"{written(value)}[{written(index)}]"
        case tree.Display(kind=kind, items=items):
            return f"{kind}({', '.join(map(written, items))})"
        case tree.DictDisplay(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return "{" + ", ".join(f"{written(key)}: {written(value)}" for key, value in pairs) + "}"
        case tree.Binary(op=op, left=left, right=right):
            return f"({written(left)} {op} {written(right)})"
        case tree.BoolOp(op=op, values=values):
            return "(" + f" {op} ".join(map(written, values)) + ")"
        case tree.Unary(op=op, value=value):
            return f"({op} {written(value)})"
        case tree.Compare(left=left, ops=ops, rights=rights):
            compared = zip(ops, rights, strict=True)
            return f"({written(left)}" + "".join(f" {op} {written(right)}" for op, right in compared) + ")"
        case tree.IfExp(test=test, body=body, orelse=orelse):
            return f"({written(body)} if {written(test)} else {written(orelse)})"
        case tree.Comp(kind=kind, items=[item], loops=[loop]):
            ifs = "".join(f" if {written(condition)}" for condition in loop.ifs)
            return f"{kind}[{written(item)} for {written(loop.target)} in {written(loop.iter)}{ifs}]"
        case tree.FString(values=values):
            return f"f({', '.join(map(written, values))})"
        case tree.Starred(value=value):
            return f"*{written(value)}"
        case tree.Other(parts=parts):
            return f"?({', '.join(map(written, parts))})"
    raise AssertionError(node)


def lines(body: Sequence[Stmt], indent: str = "") -> list[str]:
    found: list[str] = []
    for node in body:
        assert node.col == 0 or isinstance(node, tree.FunctionDef)
        blocks: list[tuple[str, list[Stmt]]] = []
        match node:
            case tree.ExprStmt(value=value):
                text = written(value)
            case tree.Assign(targets=[target], value=value):
                text = f"{written(target)} = {written(value)}"
            case tree.Delete(targets=targets):
                text = f"del {', '.join(map(written, targets))}"
            case tree.Return(value=value):
                text = f"return {written(value)}"
            case tree.Jump(word=word):
                text = word
            case tree.If(test=test):
                text = f"if {written(test)}:"
                blocks = [("", node.body), ("else:", node.orelse)]
            case tree.For(target=target):
                text = f"for {written(target)} in {written(node.iter)}:"
                blocks = [("", node.body), ("else:", node.orelse)]
            case tree.FunctionDef(params=params):
                marks = {"any": "", "kw": "kw ", "*": "*", "**": "**"}
                spelled = [
                    f"{marks[each.kind]}{each.name}" + (f"={written(each.default)}" if each.default else "")
                    for each in params
                ]
                text = f"def {node.qualname}({', '.join(spelled)}):"
                blocks = [("", node.body)]
            case _:
                raise AssertionError(node)
        found.append(indent + text)
        for head, block in blocks:
            found += [indent + head] if head and block else []
            found += lines(block, indent + "    ")
    return found


def body_of(text: str) -> list[str]:
    return lines(extract_template(text).body)


def value_of(expression: str) -> str:
    """What an expression becomes, outside of where it is printed."""
    (only,) = body_of(f"{{% do {expression} %}}")
    return only


# --- expressions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("post", "post"),
        ("post.author.name", "post.author.name"),
        ("post['author']", "post.author"),
        ("post['a b']", "post['a b']"),
        ("posts[0]", "posts[0]"),
        ("posts[-1]", "posts[(- 1)]"),
        ("posts[name]", "posts[name]"),
        ("posts.0", "posts[0]"),
        ("posts[:5]", "list[{{ item for {{ item in posts]"),
        ("posts[1:n]", "list[{{ item for {{ item in posts if ?(n)]"),
        ("f(a, *b, c=d, **e)", "f(a, *b, c=d, **=e)"),
        ("post.load('x')", "post.load('x')"),
        ("true", "True"),
        ("none", "None"),
        ("1.5", "1.5"),
        ("9999999999999999999999", "?()"),
        ("'a\\nb'", "?()"),
        ("'" + "x" * 501 + "'", "?()"),
        ("[a, 1]", "list(a, 1)"),
        ("(a, b)", "tuple(a, b)"),
        ("{'a': b, c: 1}", "{'a': b, c: 1}"),
        ("a + b - c", "((a + b) - c)"),
        ("a // b % c ** d", "((a // b) % (c ** d))"),
        ("-a", "(- a)"),
        ("a and b and c or not d", "((a and b and c) or (not d))"),
        ("a ~ ' by ' ~ b.c", "f(a, b.c)"),
        ("a == b", "(a == b)"),
        ("a < b <= c != d", "(a < b <= c != d)"),
        ("a in b", "(a in b)"),
        ("a not in b", "(a not in b)"),
        ("a > b", "(a > b)"),
        ("a >= b", "(a >= b)"),
        ("a.b if c else d", "(a.b if c else d)"),
        ("a.b if c", "(a.b if c else '')"),
        ("ns.__class__", "ns.__class__"),
        ("self.title()", "{% block('title', False)"),
        ("super()", "super()"),  # outside of a block it means nothing
    ],
)
def test_expressions(expression: str, expected: str) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a.b is none", "(a.b is None)"),
        ("a.b is not none", "(not (a.b is None))"),
        ("a is true", "(a is True)"),
        ("a is false", "(a is False)"),
        ("a is sameas b", "(a is b)"),
        ("a is eq 1", "(a == 1)"),
        ("a is ge(1)", "(a >= 1)"),
        ("a is in b", "(a in b)"),
        ("a is not in b", "(not (a in b))"),
        ("a.b is defined", "{{ test:defined(a.b)"),
        ("a.b is not defined", "(not {{ test:defined(a.b))"),
        ("a.b is undefined", "{{ test:undefined(a.b)"),
        ("a is divisibleby 3", "{{ test:divisibleby(a, 3)"),
        ("a is eq(*b)", "{{ test:eq(a, *b)"),
        ("a is iterable and a.b", "({{ test:iterable(a) and a.b)"),
    ],
)
def test_tests_evaluate_what_they_ask_about(expression: str, expected: str) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("xs|map(attribute='a.b')", "generator[{{ item.a.b for {{ item in xs]"),
        ("xs|map(attribute='a.0')", "generator[{{ item.a[0] for {{ item in xs]"),
        ("xs|map(attribute=0)", "generator[{{ item[0] for {{ item in xs]"),
        ("xs|map(attribute='a', default=d.e)", "generator[{{ item.a for {{ item in xs if ?(d.e)]"),
        ("xs|map(attribute=name)", "generator[?({{ item, name) for {{ item in xs]"),
        ("xs|map('upper')", "generator[{{ filter:upper({{ item) for {{ item in xs]"),
        ("xs|map('length')", "generator[len({{ item) for {{ item in xs]"),
        ("xs|map('round', 1, method='floor')",
         "generator[{{ filter:round({{ item, 1, method='floor') for {{ item in xs]"),
        ("xs|map(name)", "{{ filter:map(xs, name)"),
        ("xs|map(*args)", "{{ filter:map(xs, *args)"),
        ("xs|select", "generator[{{ item for {{ item in xs if {{ item]"),
        ("xs|select('none')", "generator[{{ item for {{ item in xs if ({{ item is None)]"),
        ("xs|reject", "generator[{{ item for {{ item in xs if (not {{ item)]"),
        ("xs|select(name)", "{{ filter:select(xs, name)"),
        ("xs|selectattr('a.b')", "generator[{{ item for {{ item in xs if {{ item.a.b]"),
        ("xs|selectattr('a', 'gt', n)", "generator[{{ item for {{ item in xs if ({{ item.a > n)]"),
        ("xs|rejectattr('a', 'none')", "generator[{{ item for {{ item in xs if (not ({{ item.a is None))]"),
        ("xs|selectattr('a', 'odd')", "generator[{{ item for {{ item in xs if {{ test:odd({{ item.a)]"),
        ("xs|selectattr", "{{ filter:selectattr(xs)"),
        ("xs|groupby('a.b')",
         "list[tuple({{ item.a.b, list[{{ one for {{ one in tuple({{ item)]) for {{ item in xs]"),
        ("xs|sort(attribute='a,b.c')", "list[{{ item for {{ item in xs if ?({{ item.a, {{ item.b.c)]"),
        ("xs|sort(true)", "list[{{ item for {{ item in xs]"),
        ("xs|unique(attribute='a')", "generator[{{ item for {{ item in xs if ?({{ item.a)]"),
        ("xs|sum(attribute='a')", "sum(generator[{{ item.a for {{ item in xs])"),
        ("xs|sum('a', b)", "sum(generator[{{ item.a for {{ item in xs], b)"),
        ("xs|sum", "sum(xs)"),
        ("xs|min(attribute='a')", "list[{{ item for {{ item in xs if ?({{ item.a)][0]"),
        ("xs|max", "list[{{ item for {{ item in xs][0]"),
        ("xs|list", "list[{{ item for {{ item in xs]"),
        ("xs|reverse", "list[{{ item for {{ item in xs]"),
        ("xs|first", "xs[0]"),
        ("xs|last", "xs[-1]"),
        ("xs|random", "xs[?()]"),
        ("xs|length", "len(xs)"),
        ("xs|count", "len(xs)"),
        ("xs|join", "''.join(generator[f({{ item) for {{ item in xs])"),
        ("xs|join(', ', attribute='a')", "', '.join(generator[f({{ item.a) for {{ item in xs])"),
        ("a.b|default('x')", "(a.b if ?() else 'x')"),
        ("a.b|d(c.d, false)", "(a.b if ?() else c.d)"),
        ("a.b|default(c, boolean=true)", "(a.b or c)"),
        ("xs|batch(3)",
         "generator[list[{{ one for {{ one in tuple({{ item)] for {{ item in xs]"),
        ("xs|slice(n)",
         "generator[list[{{ one for {{ one in tuple({{ item)] for {{ item in xs if ?(n)]"),
        ("a|items", "a.items()"),
        ("a|dictsort", "a.items()"),
        ("a|attr('b')", "a.b"),
        ("a|attr(b)", "{{ filter:attr(a, b)"),
        ("a.b|safe", "f(a.b)"),
        ("a.b|e", "f(a.b)"),
        ("a.b|day", "{{ filter:day(a.b)"),
        ("a|truncate(10, end=b)|upper", "{{ filter:upper({{ filter:truncate(a, 10, end=b))"),
        ("a|some.dotted", "{{ filter:some.dotted(a)"),
    ],
)  # fmt: skip
def test_filters(expression: str, expected: str) -> None:
    assert value_of(expression) == expected


# --- statements ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a {{ b.c }} d {{ e }}{{ 1 }}", ["f(b.c)", "f(e)"], id="output"),
        pytest.param("{# a #}{% raw %}{{ b }}{% endraw %}", [], id="comment and raw"),
        pytest.param("{% do xs.append(x) %}", ["xs.append(x)"], id="do"),
        pytest.param("{% set x = a.b %}", ["x = a.b"], id="set"),
        pytest.param("{% set x, y = a %}", ["tuple(x, y) = a"], id="set several"),
        pytest.param("{% set ns = namespace(x=1) %}{% set ns.x = a %}",
                     ["ns = namespace(x=1)", "ns.x = a"], id="namespace"),
        pytest.param("{% set x %}{{ a }}{% endset %}", ["f(a)", "x = f()"], id="set block"),
        pytest.param("{% set x | upper %}{{ a }}{% endset %}",
                     ["f(a)", "x = {{ filter:upper(f())"], id="set block with a filter"),
        pytest.param("{% filter upper | trim(b) %}{{ a }}{% endfilter %}",
                     ["f(a)", "{{ filter:trim({{ filter:upper(f()), b)"], id="filter block"),
        pytest.param("{% autoescape x.y %}{{ a }}{% endautoescape %}", ["x.y", "f(a)"], id="autoescape"),
        pytest.param("{% if a %}{{ b }}{% elif c %}{{ d }}{% elif e %}{% else %}{{ f }}{% endif %}",
                     ["if a:", "    f(b)", "else:", "    if c:", "        f(d)", "    else:",
                      "        if e:", "        else:", "            f(f)"], id="if"),
        pytest.param("{% include 'a.html' %}",
                     ["{% include('a.html', ignore_missing=False, with_context=True)"], id="include"),
        pytest.param("{% include [a, 'b'] ignore missing without context %}",
                     ["{% include(list(a, 'b'), ignore_missing=True, with_context=False)"],
                     id="include with everything"),
        pytest.param("{% import 'm.html' as m %}{{ m.f(x) }}",
                     ["m = {% import('m.html', with_context=False)", "f(m.f(x))"], id="import"),
        pytest.param("{% from 'm.html' import f, g as h with context %}",
                     ["f = {% import('m.html', with_context=True).f",
                      "h = {% import('m.html', with_context=True).g"], id="from import"),
        pytest.param("{% macro f(a, b=c) %}{{ a.d }}{% endmacro %}",
                     ["def f(a, b=c):", "    f(a.d)", "    return f()"], id="macro"),
        pytest.param("{% macro f() %}{{ caller(1) }}{{ varargs }}{{ kwargs }}{% endmacro %}",
                     ["def f(*varargs, kw caller, **kwargs):", "    f(caller(1))", "    f(varargs)",
                      "    f(kwargs)", "    return f()"], id="macro with everything"),
        pytest.param("{% macro f(caller) %}{{ caller() }}{% endmacro %}",
                     ["def f(caller):", "    f(caller())", "    return f()"], id="caller named"),
        pytest.param("{% call f(x) %}{{ a.b }}{% endcall %}", ["f(f(x))", "f(a.b)"], id="call"),
        pytest.param("{% call(u, v=w) f(x) %}{{ u.b }}{% endcall %}",
                     ["f(f(x))", "{{ outer0:u = u", "{{ outer0:v = v", "u = ?()", "v = ?(w)", "f(u.b)",
                      "u = {{ outer0:u", "v = {{ outer0:v", "del {{ outer0:u, {{ outer0:v"],
                     id="call with parameters"),
        pytest.param("{% trans user=a.b %}Hi {{ user }}{% endtrans %}",
                     ["f((gettext('Hi %(user)s') % {'user': a.b}))"], id="trans"),
        pytest.param("{% trans n=xs|length %}one{% pluralize %}{{ n }} of them{% endtrans %}",
                     ["f((ngettext('one', '%(n)s of them', len(xs)) % {'n': len(xs)}))"], id="pluralize"),
        pytest.param("{% debug %}", ["f(?()(?()))"], id="what is unknown"),
    ],
)  # fmt: skip
def test_statements(text: str, expected: list[str]) -> None:
    assert body_of(text) == expected


def test_lines_are_those_of_the_template() -> None:
    body = extract_template("<p>\n{{ a }}\n{% for b in\n   c.d %}\n  {{ b.e }}{% endfor %}").body
    shown, _, loop, *_ = body
    assert shown.line == 2
    assert isinstance(loop, tree.For) and (loop.line, loop.iter.line, loop.body[0].line) == (3, 4, 5)


# --- scopes ----------------------------------------------------------------------------


def test_for_leaves_no_name_behind() -> None:
    assert body_of("{% for a, b in xs %}{{ a }}{% else %}{{ c }}{% endfor %}") == [
        "{{ outer0:a = a",
        "{{ outer0:b = b",
        "for tuple(a, b) in xs:",
        "    f(a)",
        "else:",
        "    a = {{ outer0:a",
        "    b = {{ outer0:b",
        "    f(c)",
        "a = {{ outer0:a",
        "b = {{ outer0:b",
        "del {{ outer0:a, {{ outer0:b",
    ]


def test_each_round_of_a_loop_begins_anew() -> None:
    text = "{% set s = 0 %}{% for a in xs %}{{ s }}{% if a %}{% set s = a %}{% endif %}{% endfor %}{{ s }}"
    assert body_of(text) == [
        "s = 0",
        "{{ outer0:a = a",
        "{{ outer0:s = s",
        "for a in xs:",
        "    s = {{ outer0:s",
        "    f(s)",
        "    if a:",
        "        s = a",
        "a = {{ outer0:a",
        "s = {{ outer0:s",
        "del {{ outer0:a, {{ outer0:s",
        "f(s)",
    ]


def test_for_with_a_condition_recursion_and_jumps() -> None:
    text = "{% for a in xs if a.b recursive %}{{ loop(a.c) }}{% break %}{% continue %}{% endfor %}"
    assert body_of(text)[1:-2] == [
        "for a in xs:",
        "    loop = ?()",
        "    if a.b:",
        "        f(loop(a.c))",
        "        break",
        "        continue",
    ]


def test_nested_loops_keep_the_same_name_apart() -> None:
    text = "{% for a in xs %}{% for a in a.ys %}{{ a }}{% endfor %}{{ a }}{% endfor %}"
    assert body_of(text) == [
        "{{ outer0:a = a",
        "for a in xs:",
        "    {{ outer1:a = a",
        "    for a in a.ys:",
        "        f(a)",
        "    a = {{ outer1:a",
        "    del {{ outer1:a",
        "    f(a)",
        "a = {{ outer0:a",
        "del {{ outer0:a",
    ]


def test_with() -> None:
    assert body_of("{% with %}{{ a }}{% endwith %}") == ["f(a)"]
    assert body_of("{% with a = b.c %}{{ a }}{% set d = 1 %}{% endwith %}") == [
        "{{ outer0:a = a",
        "{{ outer0:d = d",
        "a = b.c",
        "f(a)",
        "d = 1",
        "a = {{ outer0:a",
        "d = {{ outer0:d",
        "del {{ outer0:a, {{ outer0:d",
    ]
    several = body_of("{% with a = 1, b = a %}{% endwith %}")
    assert several[2] == "tuple(a, b) = tuple(1, a)"


def test_names_of_imports_and_macros_end_with_their_scope() -> None:
    body = body_of(
        "{% if x %}{% with %}{% import 'm' as m %}{% macro f() %}{% endmacro %}{% endwith %}{% endif %}"
    )
    assert body[-1] == "    del {{ outer0:m, {{ outer0:f"


def test_what_a_macro_sets_stays_in_it() -> None:
    assert body_of("{% macro f() %}{% set a = 1 %}{% macro g() %}{% endmacro %}{% endmacro %}") == [
        "def f():",
        "    a = 1",
        "    def f.g():",
        "        return f()",
        "    return f()",
    ]


def test_macros_of_one_line_have_places_of_their_own() -> None:
    facts = extract_template(
        "{% macro f() %}{% endmacro %}{% macro g() %}{% endmacro %}\n{% macro h() %}{% endmacro %}"
    )
    assert [(macro.line, macro.col) for macro in facts.macros().values()] == [(1, 0), (1, 1), (2, 0)]


# --- inheritance -----------------------------------------------------------------------


def test_blocks() -> None:
    facts = extract_template(
        "{% block a %}{{ x }}{% block b scoped %}{{ y }}{% endblock %}{% set z = 1 %}{% endblock %}\n"
        "{% for q in qs %}{% block c required %}{% endblock %}{% endfor %}"
    )
    assert facts.extends is None
    assert lines(facts.body)[0] == "{% block('a', False)"
    assert "    {% block('c', False)" in lines(facts.body)
    assert list(facts.blocks) == ["a", "b", "c"]
    assert lines(facts.blocks["a"].body) == ["f(x)", "{% block('b', True)", "z = 1"]
    assert lines(facts.blocks["b"].body) == ["f(y)"]
    assert [(block.line, block.scoped, block.required) for block in facts.blocks.values()] == [
        (1, False, False),
        (1, True, False),
        (2, False, True),
    ]


def test_child_runs_its_code_and_prints_nothing() -> None:
    facts = extract_template(
        "{{ before }}{% extends 'base.html' %}{{ x }}{% set a = b.c %}{% from 'm' import f %}"
        "{% if d %}{{ y }}{% endif %}{% for e in es %}{{ z }}{% endfor %}"
        "{% macro g() %}{{ h }}{% endmacro %}{% set i %}{{ j }}{% endset %}"
        "{% block k %}{{ l }}{{ super() }}{{ super.super() }}{{ super.super.super() }}{{ self.k() }}"
        "{% endblock %}"
    )
    assert written(facts.extends) == "'base.html'"
    assert lines(facts.body) == [
        "f(before)",
        "a = b.c",
        "f = {% import('m', with_context=False).f",
        "if d:",
        "{{ outer0:e = e",
        "for e in es:",
        "e = {{ outer0:e",
        "del {{ outer0:e",
        "def g():",
        "    f(h)",
        "    return f()",
        "f(j)",
        "i = f()",
    ]
    assert list(facts.macros()) == ["g"]
    assert lines(facts.blocks["k"].body) == [
        "f(l)",
        "f({% super('k', 1))",
        "f({% super('k', 2))",
        "f({% super('k', 3))",
        "f({% block('k', False))",
    ]


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        ("{% extends a %}", "a"),
        ("{% extends 'a' if b else 'c' %}", "('a' if b else 'c')"),
        ("{% extends 'a' %}{% extends 'b' %}", "'a'"),
        ("{% if x %}{% extends 'a' %}{% endif %}", "('a' if ?() else None)"),
        ("{% if x %}{% extends 'a' %}{% else %}{% extends 'b' %}{% endif %}",
         "('b' if ?() else ('a' if ?() else None))"),
    ],
)  # fmt: skip
def test_parents(text: str, parent: str) -> None:
    assert written(extract_template(text).extends) == parent


def test_what_may_be_a_child_prints() -> None:
    facts = extract_template("{% if x %}{% extends 'a' %}{% endif %}{{ y }}{% block b %}{% endblock %}")
    assert lines(facts.body) == ["if x:", "f(y)", "{% block('b', False)"]


# --- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{% if x %}", "{{ x", "{% nonsense %}", "{{ a..b }}", "{% endfor %}", "{% extends %}", "{{ 'a }}",
        "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% set 1 = 2 %}",
        "{% from 'a' import _b %}",
        "{% block a %}{% extends 'b' %}{% endblock %}", "{% load static %}", "{{ " + "9" * 5_000 + " }}",
        "{{ " + "(" * 5_000, "{{ a" + ".b" * 1_000 + " }}", "{{ a" + "|list" * 1_000 + " }}",
        "{% for a in b %}" * 500 + "{% endfor %}" * 500, "{% if a %}" + "{% elif b %}" * 500 + "{% endif %}",
        "x" * (MAX_CHARACTERS + 1),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(ExtractError):
        extract_template(text)


@pytest.mark.slow
def test_large_template() -> None:
    facts = extract_template("{{ a.b }}\n" * (MAX_CHARACTERS // 10))
    assert len(facts.body) == MAX_CHARACTERS // 10


@pytest.mark.parametrize(
    "text",
    [
        "{{ a" + ".b" * 140 + " }}",
        "{{ a" + "|sort" * 140 + " }}",
        "{% for a in b %}" * 70 + "{% endfor %}" * 70,
    ],
    ids=["attributes", "filters", "loops"],
)
def test_facts_come_back_from_bytes(text: str) -> None:
    facts = extract_template(f"{{% extends 'a' %}}{{% block b %}}{text}{{% endblock %}}")
    assert template.decode(template.encode(facts)) == facts


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x93\xc0\x90", b"\x91" * 5_000, b"\x93\x01\x90\x80"])
def test_bytes_that_are_no_facts(data: bytes) -> None:
    assert template.decode(data) is None


def test_templates_of_the_blog() -> None:
    found = sorted((ROOT / "flake8_async_fastapi" / "blog").rglob("*.html"))
    assert len(found) > 20
    for path in found:
        extract_template(path.read_text(encoding="utf-8"))


# --- names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "importer", "expected"),
    [
        ("base.html", "app/main.py", "app/templates/base.html"),
        ("app/templates/base.html", "main.py", "app/templates/base.html"),
        ("/posts/./list.html", "app/main.py", "app/templates/posts/list.html"),
        ("list.html", "app/main.py", "app/templates/list.html"),
        ("ase.html", "app/main.py", None),
        ("missing.html", "app/main.py", None),
        ("../base.html", "app/main.py", None),
        ("", "app/main.py", None),
        ("index.html", "one/web/views.py", "one/templates/index.html"),
        ("index.html", "two/main.py", "two/templates/index.html"),
        ("index.html", "main.py", None),
        ("index.html", "one-more/main.py", None),
    ],
)
def test_which_file_a_name_means(name: str, importer: str, expected: str | None) -> None:
    templates = index_templates(
        [
            "app/templates/base.html",
            "app/templates/list.html",
            "app/templates/posts/list.html",
            "one/templates/index.html",
            "two/templates/index.html",
        ]
    )
    assert templates.find(name, importer) == expected


def test_a_known_directory_decides() -> None:
    templates = index_templates(["a/mail/x.html", "a/mail/old/x.html", "a/pages/x.html"])
    assert templates.find("x.html", "a/main.py") is None
    assert templates.find("x.html", "a/main.py", "pages") == "a/pages/x.html"
    assert templates.find("x.html", "a/main.py", "./a/mail/") == "a/mail/x.html"
    assert templates.find("x.html", "a/main.py", "old") == "a/mail/old/x.html"
    assert templates.find("x.html", "a/main.py", "ages") is None


# --- in a project ----------------------------------------------------------------------

JINJA = "from fastapi.templating import Jinja2Templates\n"


def test_templates_of_texts() -> None:
    analysis = analysis_of({"main.py": JINJA, "templates/a.html": "{{ x }}", "templates/b.html": "{% bad %}"})
    assert set(analysis.sources) == {"main.py"}
    project = analysis.project
    assert project.answers.templates.find("a.html", "main.py") == "templates/a.html"
    facts = project.template("templates/a.html")
    assert facts is not None and lines(facts.body) == ["f(x)"]
    assert project.template("templates/a.html") is facts
    assert project.template("templates/b.html") is None
    assert project.template("templates/c.html") is None
    assert analysis.findings("main.py") == []


def test_verdicts_depend_on_templates() -> None:
    def key(main: str, page: str) -> str:
        return analysis_of({"main.py": main, "a.html": page}).key

    assert key(JINJA, "a") != key(JINJA, "b")
    assert key("", "a") == key("", "b")  # nobody renders it


def test_a_buffer_that_begins_to_use_templates(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("")
    (tmp_path / "a.html").write_text("{{ x }}")
    before = open_analysis(tmp_path, Cache(None))
    assert before.templates == {}
    changed = before.with_text("main.py", JINJA)
    (tmp_path / "main.py").write_text(JINJA)
    saved = open_analysis(tmp_path, Cache(None))
    assert set(changed.templates) == {"a.html"}
    assert changed.key == saved.key != before.key


def test_facts_are_kept_and_templates_parsed_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"main.py": JINJA, "a.html": "{{ x }}", "b.html": "{{ y }}", "bad.html": "{% bad %}"}
    parsed: list[str] = []
    extract = reading._extract_template
    monkeypatch.setattr(
        reading,
        "_extract_template",
        lambda source, cache: parsed.append(source.path) or extract(source, cache),
    )
    for _ in range(2):
        project = analysis_of(texts, Cache(tmp_path)).project
        assert project.template("a.html") is not None
        assert project.template("bad.html") is None
    assert parsed == ["a.html", "bad.html"]


def test_a_fault_costs_one_template_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(text: str) -> None:
        raise TypeError(text)

    texts = {"main.py": JINJA, "a.html": "{{ x }}"}
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, logger="flake8_async_fastapi"):
        patched.setattr("flake8_async_fastapi.extract.templates.extract_template", wrong)
        analysis = analysis_of(texts, Cache(tmp_path))
        assert analysis.project.template("a.html") is None
        assert analysis.findings("main.py") == []
    assert "a.html could not be read: a fault" in caplog.text
    assert list(tmp_path.rglob("findings")) == []
    assert analysis_of(texts, Cache(tmp_path)).project.template("a.html") is not None


def test_jinja_is_imported_for_new_templates_only(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.store.cache import Cache
analysis = analysis_of({{"main.py": {JINJA!r}, "a.html": "{{{{ x }}}}"}}, Cache(Path({str(tmp_path)!r})))
analysis.findings("main.py")
before = "jinja2" in sys.modules
assert analysis.project.template("a.html") is not None
print(before, "jinja2" in sys.modules)
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["False", "True"], ["False", "False"]]
