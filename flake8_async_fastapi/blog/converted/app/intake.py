"""An application for letters from readers: `uvicorn app.intake:app --port 8002`."""

import asyncio
from contextvars import ContextVar

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, UploadFile, status
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import get_session
from app.models import Post, User

app = FastAPI(title="Letters")
letters: dict[int, str] = {}
journal: list[str] = []
jobs: set[asyncio.Task[None]] = set()
reader: ContextVar[str] = ContextVar("reader", default="somebody")


async def record(what: str) -> None:
    journal.append(what)


async def audited(tasks: BackgroundTasks) -> None:
    tasks.add_task(record, "audited")


async def find_author(username: str, session: AsyncSession = Depends(get_session)) -> User | None:
    return await session.scalar(select(User).where(User.username == username))


async def count_posts(session: AsyncSession = Depends(get_session)) -> PlainTextResponse:
    return PlainTextResponse(str(await session.scalar(select(func.count(Post.id)))))


app.add_api_route("/posts/count", count_posts)


@app.get("/authors/{username}")
async def show_author(author: User | None = Depends(find_author)) -> str:
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such author")
    return author.username


async def keep(number: int, letter: bytes) -> None:
    letters[number] = letter.decode()


@app.post("/letters/{number}", status_code=status.HTTP_202_ACCEPTED)
async def receive(number: int, letter: UploadFile) -> None:
    job = asyncio.create_task(keep(number, await letter.read()))
    jobs.add(job)
    job.add_done_callback(jobs.discard)


@app.delete("/letters/{number}")
async def remove(number: int, tasks: BackgroundTasks, _: None = Depends(audited)) -> JSONResponse:
    letters.pop(number, None)
    tasks.add_task(record, "mailed")
    return JSONResponse({"gone": number})


async def remember_reader(name: str) -> None:
    reader.set(name)


@app.get("/greeting", dependencies=[Depends(remember_reader)])
async def greet() -> str:
    return f"Dear {reader.get()}"
