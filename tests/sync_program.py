"""A small synchronous program, for tests that convert it."""

SETUP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///app.db")
make_session = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_db():
    with make_session() as db:
        yield db


"""

READ = """
@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.query(Item).count()
"""
