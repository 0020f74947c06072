from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Response, status
from sqlalchemy import func, select

from app.database import SessionLocal
from app.dependencies import CurrentUser, SessionDep
from app.models import Tag
from app.repositories.tags import TagRepository
from app.schemas import TagNames, TagRead

router = APIRouter(prefix="/api/tags", tags=["tags"])


@router.get("", response_model=list[TagRead])
def list_tags(session: SessionDep) -> Sequence[Tag]:
    return TagRepository(session).list_all()


@router.post("", response_model=TagRead, status_code=status.HTTP_201_CREATED)
def create_tag(name: str, user: CurrentUser, session: SessionDep) -> Tag:
    tag = Tag(name=name)
    session.add(tag)
    session.commit()
    return tag


@router.post("/bulk", response_model=list[TagRead], status_code=status.HTTP_201_CREATED)
def create_tags(data: TagNames, user: CurrentUser, session: SessionDep) -> list[Tag]:
    repository = TagRepository(session)
    tags = [repository.create(name) for name in data.names]
    session.commit()
    return tags


@router.get("/names")
def tag_names(session: SessionDep) -> list[str]:
    return [tag.name for tag in TagRepository(session).list_all()]


@router.get("/count")
def count_tags(session: SessionDep) -> int:
    return session.scalar(select(func.count(Tag.id))) or 0


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_tag(name: str, user: CurrentUser) -> Response:
    with SessionLocal() as session:
        tags = TagRepository(session).list_all()
        found = next((tag for tag in tags if tag.name == name), None)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
        session.delete(found)
        session.commit()
    return Response(status_code=status.HTTP_204_NO_CONTENT)
