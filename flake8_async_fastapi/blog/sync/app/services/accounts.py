from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Login, User
from app.repositories.users import UserRepository
from app.schemas import UserCreate
from app.security import hash_password, verify_password


class NameTaken(Exception):
    def __init__(self, suggestion: str) -> None:
        super().__init__(f"the name is taken, how about {suggestion}?")


class AccountService:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.users = UserRepository(session)

    def register(self, data: UserCreate) -> User:
        user = User(
            username=data.username,
            email=data.email,
            password_hash=hash_password(data.password),
        )
        self.session.add(user)
        try:
            self.session.flush()
        except IntegrityError:
            self.session.rollback()
            count = self.session.scalar(select(func.count(User.id)))
            raise NameTaken(f"{data.username}{count}") from None
        self.session.commit()
        return user

    def authenticate(self, username: str, password: str) -> User | None:
        user = self.users.by_username(username)
        if user is None or not verify_password(password, user.password_hash):
            return None
        if self.is_blocked(user.id):
            return None
        self.session.add(Login(user_id=user.id))
        self.session.commit()
        return user

    def is_blocked(self, user_id: int) -> bool:
        return bool(self.session.scalar(select(User.blocked).where(User.id == user_id)))

    def change_email(self, user: User, email: str) -> str:
        """The address now in force: the old one if the new one is taken."""
        current = user.email
        user.email = email
        try:
            self.session.commit()
        except IntegrityError:
            self.session.rollback()
            return current
        return email
