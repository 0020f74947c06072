"""Values that are compared by some of their fields only, and the comparison of results of two runs."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from msgspec import Struct


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

    def __ne__(self, other: object) -> bool:
        return not self == other  # that of ``Struct`` would compare identities

    def __hash__(self) -> int:
        return hash(type(self).compared(self))


def are_alike(one: object, other: object) -> bool:
    """Whether two results have the same content, though they come from two runs of the same code.

    The variables that nested functions see belong to one run, and are not equal to those of another. Here
    their ``contents`` are compared.
    """
    left: list[tuple[object, object]] = [(one, other)]
    seen: dict[tuple[int, int], object] = {}  # with the objects: their ids are theirs as long as they exist
    while left:
        a, b = left.pop()
        kind = type(a)
        if a is b or (id(a), id(b)) in seen:
            continue
        if type(b) is not kind:
            return False
        read: Reader | None = getattr(kind, "compared", None) or getattr(kind, "contents", None)
        if read is not None or issubclass(kind, Struct):
            seen[id(a), id(b)] = a, b
            fields = read or _fields
            left += zip(fields(a), fields(b), strict=True)
        elif isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
            if len(a) != len(b):
                return False
            left += zip(a, b, strict=True)
        elif isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return False
            left += ((value, b[key]) for key, value in a.items())
        elif a != b:
            return False
    return True


def _fields(value: Any, /) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in value.__struct_fields__)
