"""Jinja: environments, loaders and templates.

Source: introspection of Jinja 3.1; "API" in its documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LOADER: Final = """
    protocols: none
    def get_source -> tuple
    def list_templates -> list
    def load -> jinja2.Template
"""

TYPES: Final[Mapping[str, str]] = {
    "jinja2.Environment": """
        protocols: none
        def get_template select_template get_or_select_template from_string -> jinja2.Template
        def overlay -> jinja2.Environment
        def add_extension extend -> None
        def list_templates -> list
        def parse lex compile compile_expression -> ?
        property globals filters tests policies loader extensions -> ?
    """,
    "jinja2.sandbox.SandboxedEnvironment": "bases: jinja2.Environment",
    "jinja2.sandbox.ImmutableSandboxedEnvironment": "bases: jinja2.sandbox.SandboxedEnvironment",
    "jinja2.nativetypes.NativeEnvironment": "bases: jinja2.Environment",
    "jinja2.Template": """
        protocols: none
        def render generate stream make_module -> ?
        async render_async -> str
        async-generator generate_async -> str
        property module -> ?
    """,
    "jinja2.BaseLoader": _LOADER,
    "jinja2.FileSystemLoader": "bases: jinja2.BaseLoader",
    "jinja2.PackageLoader": "bases: jinja2.BaseLoader",
    "jinja2.ChoiceLoader": "bases: jinja2.BaseLoader",
    "jinja2.PrefixLoader": "bases: jinja2.BaseLoader",
    "jinja2.DictLoader": "bases: jinja2.BaseLoader",
    "jinja2.FunctionLoader": "bases: jinja2.BaseLoader",
    "jinja2.ModuleLoader": "bases: jinja2.BaseLoader",
}

FUNCTIONS: Final[Mapping[str, str]] = {}

ALIASES: Final[Mapping[str, str]] = {
    **{
        f"jinja2.loaders.{name}": f"jinja2.{name}"
        for name in """
            BaseLoader FileSystemLoader PackageLoader ChoiceLoader PrefixLoader DictLoader FunctionLoader
            ModuleLoader
        """.split()
    },
    "jinja2.environment.Environment": "jinja2.Environment",
    "jinja2.environment.Template": "jinja2.Template",
}
