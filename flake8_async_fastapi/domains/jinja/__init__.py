"""Jinja: the attributes that rendering a template reads of its variables.

Adds no part of the state, no effect and no event: a template is run on the path that renders it. Needs orm,
to take the objects of that path into the template and back, and to name the reader.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.jinja import render_calls
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models

DOMAIN = Domain(
    "jinja",
    ("orm",),
    models=Models(
        literals=(render_calls.model_template_name,),
        methods={f"{name}.*": render_calls.call_template_method for name in render_calls.TYPES},
    ),
)
