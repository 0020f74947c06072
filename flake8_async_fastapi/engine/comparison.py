"""Values that are compared by some of their fields only."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class Reader(Protocol):
    """Reads what matters of a value, as a tuple."""

    def __call__(self, value: Any, /) -> tuple[Any, ...]: ...


class ComparedBy:
    """A base for a ``Struct`` with ``eq=False``, of which ``compared`` reads what is compared."""

    __slots__ = ()
    compared: ClassVar[Reader]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        compared = type(self).compared
        return compared(self) == compared(other)

    def __hash__(self) -> int:
        return hash(type(self).compared(self))
