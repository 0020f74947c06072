"""Readers of attributes: a library's function, or code that reads on behalf of its caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct, field

from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Position, Spot
from flake8_async_fastapi.engine.values import Location


class Reader(Struct):
    """Who reads attributes in a run, if not its own code: the use, and the name of the reader.

    ``reports_for`` are the frame and the place of reports, if not in the run itself. ``chain`` are the
    functions of libraries between that place and the read. ``takes_nothing``: None or an empty list would
    do instead of objects, and may be meant. ``field_at`` is the field of a schema that a read is for.
    """

    use: str = ""
    name: str = ""
    reports_for: tuple[Frame, Position] | None = None
    chain: tuple[str, ...] = ()
    takes_nothing: bool = False
    field_at: Spot = Spot("", 0)


@contextmanager
def reading_by(frame: Frame, function: str) -> Iterator[None]:
    """Within the block, a function of a library reads."""
    reader = frame.notes_of(Reader)
    before, reader.chain = reader.chain, (*reader.chain, function)
    yield
    reader.chain = before


@contextmanager
def reading_for(frame: Frame, use: str, name: str) -> Iterator[None]:
    """Within the block, the reads of a run happen on behalf of other code."""
    reader = frame.notes_of(Reader)
    before = reader.use, reader.name, reader.field_at
    reader.use, reader.name = use, name
    yield
    reader.use, reader.name, reader.field_at = before


class UnloadedRead(Struct, frozen=True):
    """A callee reads an attribute of an object that it got, and it is not loaded, ``unless`` ..."""

    location: Location
    name: str
    use: str
    through: str
    chain: tuple[str, ...]
    not_loaded: NotLoaded
    unless: str = ""


class UnloadedReads(Struct):
    """The attributes that a run reads though they are not loaded, of objects that it got, with their places.

    They are passed to its caller. ``objects`` are the objects in their state at the read: the run may lose
    them, because a refresh leads to new ones.
    """

    reads: dict[UnloadedRead, Spot] = field(default_factory=dict)
    objects: dict[Location, InstanceState] = field(default_factory=dict)

    def add(self, read: UnloadedRead, at: Spot, objects: Mapping[Location, InstanceState]) -> None:
        """Note a read; of several equal ones, the first line counts."""
        self.reads[read] = min(at, self.reads.get(read, at))
        self.objects.setdefault(read.location, objects[read.location])
