from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Tag


class TagRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def list_all(self) -> Sequence[Tag]:
        return (await self.session.scalars(select(Tag).order_by(Tag.name))).all()

    async def create(self, name: str) -> Tag:
        tag = Tag(name=name)
        self.session.add(tag)
        await self.session.flush()
        return tag

    async def get_or_create(self, names: Sequence[str]) -> list[Tag]:
        known = {tag.name: tag for tag in await self.session.scalars(select(Tag).where(Tag.name.in_(names)))}
        return [known.get(name) or await self.create(name) for name in dict.fromkeys(names)]
