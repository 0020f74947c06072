"""An application for letters from readers: `uvicorn app.intake:app --port 8002`."""

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, UploadFile, status
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import get_session
from app.models import Post, User

app = FastAPI(title="Letters")
letters: dict[int, str] = {}
journal: list[str] = []


def record(what: str) -> None:
    journal.append(what)


def audited(tasks: BackgroundTasks) -> None:
    tasks.add_task(record, "audited")


def find_author(username: str, session: Session = Depends(get_session)) -> User | None:
    return session.scalar(select(User).where(User.username == username))


def count_posts(session: Session = Depends(get_session)) -> PlainTextResponse:
    return PlainTextResponse(str(session.scalar(select(func.count(Post.id)))))


app.add_api_route("/posts/count", count_posts)


@app.get("/authors/{username}")
def show_author(author: User | None = Depends(find_author)) -> str:
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such author")
    return author.username


def keep(number: int, letter: bytes) -> None:
    letters[number] = letter.decode()


@app.post("/letters/{number}", status_code=status.HTTP_202_ACCEPTED)
def receive(number: int, letter: UploadFile, tasks: BackgroundTasks) -> None:
    tasks.add_task(keep, number, letter.file.read())


@app.delete("/letters/{number}")
def remove(number: int, tasks: BackgroundTasks, _: None = Depends(audited)) -> JSONResponse:
    letters.pop(number, None)
    tasks.add_task(record, "mailed")
    return JSONResponse({"gone": number})
