"""An application for letters from readers: `uvicorn app.intake:app --port 8002`."""

import asyncio
from contextvars import ContextVar

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, UploadFile, status
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from app.database import get_db
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


async def find_author(username: str, session: AsyncSession = Depends(get_db)) -> User | None:
    return await session.scalar(select(User).where(User.username == username))


async def count_posts(request: Request, session: AsyncSession = Depends(get_db)) -> PlainTextResponse:
    return PlainTextResponse(str(await session.scalar(select(func.count(Post.id)))))


app.add_route("/posts/count", count_posts)  # AFA417


@app.get("/authors/{username}")
async def show_author(username: str) -> str:
    author = await find_author(username)  # AFA415
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such author")
    return author.username


async def keep(number: int, letter: UploadFile) -> None:
    letters[number] = (await letter.read()).decode()


@app.post("/letters/{number}", status_code=status.HTTP_202_ACCEPTED)
async def receive(number: int, letter: UploadFile) -> None:
    job = asyncio.create_task(keep(number, letter))  # AFA512
    jobs.add(job)
    job.add_done_callback(jobs.discard)


@app.delete("/letters/{number}")
async def remove(number: int, _: None = Depends(audited)) -> JSONResponse:
    letters.pop(number, None)
    return JSONResponse({"gone": number}, background=BackgroundTask(record, "mailed"))  # AFA418


def remember_reader(name: str) -> None:
    reader.set(name)  # AFA419


@app.get("/greeting", dependencies=[Depends(remember_reader)])
async def greet() -> str:
    return f"Dear {reader.get()}"
