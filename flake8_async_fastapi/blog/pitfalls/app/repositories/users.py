from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.models import Login, User


class UserRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def by_username(self, username: str, *, with_bio: bool = False) -> User | None:
        statement = select(User).where(User.username == username)
        if with_bio:
            statement = statement.options(undefer(User.bio))
        return (await self.session.scalars(statement)).one_or_none()

    async def by_email(self, email: str) -> User | None:
        result = self.session.execute(select(User).where(User.email == email))  # AFA101
        return result.scalar_one_or_none()

    async def email_taken(self, email: str) -> bool:
        if self.session.scalar(select(User.id).where(User.email == email)):  # AFA101
            return True
        return False

    async def profile(self, username: str) -> User | None:
        return await self.by_username(username)

    async def recent_logins(self, user: User, limit: int = 10) -> Sequence[Login]:
        return user.logins.limit(limit).all()  # AFA312
