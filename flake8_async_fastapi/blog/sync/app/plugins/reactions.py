"""Reactions to posts, in a registry of their own."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

REACTIONS = ("like", "laugh")


class PluginBase(DeclarativeBase):
    pass


class Reaction(PluginBase):
    __tablename__ = "reactions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    votes: Mapped[list["Vote"]] = relationship(lazy="selectin")


class Vote(PluginBase):
    __tablename__ = "votes"

    id: Mapped[int] = mapped_column(primary_key=True)
    reaction_id: Mapped[int] = mapped_column(ForeignKey("reactions.id"))
