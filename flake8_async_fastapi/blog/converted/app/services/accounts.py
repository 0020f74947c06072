from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Login, User
from app.repositories.users import UserRepository
from app.schemas import UserCreate
from app.security import hash_password, verify_password


class NameTaken(Exception):
    def __init__(self, suggestion: str) -> None:
        super().__init__(f"the name is taken, how about {suggestion}?")


class AccountService:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.users = UserRepository(session)

    async def register(self, data: UserCreate) -> User:
        user = User(
            username=data.username,
            email=data.email,
            password_hash=await hash_password(data.password),
        )
        self.session.add(user)
        try:
            await self.session.flush()
        except IntegrityError:
            # After a failed flush the session answers nothing but rollback().
            await self.session.rollback()
            count = await self.session.scalar(select(func.count(User.id)))
            raise NameTaken(f"{data.username}{count}") from None
        await self.session.commit()
        return user

    async def authenticate(self, username: str, password: str) -> User | None:
        user = await self.users.by_username(username)
        if user is None or not await verify_password(password, user.password_hash):
            return None
        if await self.is_blocked(user.id):
            return None
        self.session.add(Login(user_id=user.id))
        await self.session.commit()
        return user

    async def is_blocked(self, user_id: int) -> bool:
        return bool(await self.session.scalar(select(User.blocked).where(User.id == user_id)))

    async def change_email(self, user: User, email: str) -> str:
        """The address now in force: the old one if the new one is taken."""
        current = user.email
        user.email = email
        try:
            await self.session.commit()
        except IntegrityError:
            # A rollback expires every object, so what is needed was read before.
            await self.session.rollback()
            return current
        return email
