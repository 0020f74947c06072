from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Login, User


class UserRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def by_username(self, username: str) -> User | None:
        return self.session.query(User).filter(User.username == username).one_or_none()

    def by_email(self, email: str) -> User | None:
        return self.session.execute(select(User).where(User.email == email)).scalar_one_or_none()

    def email_taken(self, email: str) -> bool:
        if self.session.scalar(select(User.id).where(User.email == email)):
            return True
        return False

    def profile(self, username: str) -> User | None:
        return self.by_username(username)

    def recent_logins(self, user: User, limit: int = 10) -> Sequence[Login]:
        statement = user.logins.select().order_by(Login.id.desc()).limit(limit)
        return self.session.scalars(statement).all()
