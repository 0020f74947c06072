"""Marshmallow: the fields of schemas, and the attributes of ORM objects that dumping reads.

Adds no part of the state, no effect and no event: the reads are those of the ORM. Needs orm, for mapped
classes, the objects of a path, and to name the reader.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.marshmallow import dumps
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models

DOMAIN = Domain(
    "marshmallow",
    ("orm",),
    models=Models(
        attached={dumps.Dumper: dumps.call_dumper},
        constructors=(dumps.make_schema,),
        inherited=(dumps.schema_method,),
    ),
)
