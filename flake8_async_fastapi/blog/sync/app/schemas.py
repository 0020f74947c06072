"""What the JSON API reads and answers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class OrmModel(BaseModel):
    """Built from the attributes of an ORM object: each field is read from it."""

    model_config = ConfigDict(from_attributes=True)


class UserCreate(BaseModel):
    username: str = Field(min_length=2, max_length=40, pattern=r"^[a-z0-9_]+$")
    email: str = Field(max_length=120, pattern=r"^[^@\s]+@[^@\s]+$")
    password: str = Field(min_length=8)


class UserRead(OrmModel):
    id: int
    username: str
    avatar: str | None


class LoginRead(OrmModel):
    id: int
    at: datetime


class Credentials(BaseModel):
    username: str
    password: str


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class TagRead(OrmModel):
    id: int
    name: str


class TagNames(BaseModel):
    names: list[str] = Field(min_length=1)


class CommentCreate(BaseModel):
    text: str = Field(min_length=1)


class CommentRead(OrmModel):
    id: int
    text: str
    created_at: datetime
    author: UserRead


class PostCreate(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    body: str = ""
    tags: list[str] = []


class PostUpdate(BaseModel):
    title: str | None = None
    body: str | None = None


class PostSummary(OrmModel):
    id: int
    title: str
    published: bool
    created_at: datetime
    author: UserRead
    tags: list[TagRead]


class PostDetail(PostSummary):
    body: str
    updated_at: datetime
    comments: list[CommentRead]


class PostChanged(BaseModel):
    id: int
    updated_at: datetime


class Statistics(BaseModel):
    users: int
    posts: int
    comments: int
