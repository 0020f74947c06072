from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Tag


class TagRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def list_all(self) -> Sequence[Tag]:
        return self.session.query(Tag).order_by(Tag.name).all()

    def create(self, name: str) -> Tag:
        tag = Tag(name=name)
        self.session.add(tag)
        self.session.flush()
        return tag

    def get_or_create(self, names: Sequence[str]) -> list[Tag]:
        known = {tag.name: tag for tag in self.session.scalars(select(Tag).where(Tag.name.in_(names)))}
        return [known.get(name) or self.create(name) for name in dict.fromkeys(names)]
