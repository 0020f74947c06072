"""Pydantic: the fields of schemas, and the attributes of ORM objects that validation reads.

Adds no part of the state, no effect and no event: the reads are those of the ORM. Needs orm, for mapped
classes, the objects of a path, and to name the reader.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.pydantic import schemas, tagged, validation
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "pydantic",
    ("orm",),
    models=Models(
        calls=schemas.CALLS,
        attached={
            schemas.Schema: schemas.call_schema_method,
            validation.ValidationTarget: schemas.call_adapter_method,
        },
        members={validation.ValidationTarget: schemas.adapter_attribute},
        inherited=(schemas.schema_method,),
        literals=(tagged.model_tag,),
    ),
    observers=Observers(constructs=(validation.validate_arguments,)),
)
