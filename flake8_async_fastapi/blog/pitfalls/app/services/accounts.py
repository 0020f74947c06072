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
        password_hash = hash_password(data.password)  # AFA207
        user = User(username=data.username, email=data.email, password_hash=password_hash)
        self.session.add(user)
        try:
            await self.session.flush()
        except IntegrityError:
            count = await self.session.scalar(select(func.count(User.id)))  # AFA506
            raise NameTaken(f"{data.username}{count}") from None
        await self.session.commit()
        return user

    async def authenticate(self, username: str, password: str) -> User | None:
        user = await self.users.by_username(username)
        if user is None or not verify_password(password, user.password_hash):  # AFA207
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
        user.email = email
        try:
            await self.session.commit()
        except IntegrityError:
            await self.session.rollback()
            return user.email  # AFA305
        return email
