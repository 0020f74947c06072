"""Dataclasses that are fast to create and copy.

A run creates millions of frozen values. The ``__init__`` that ``dataclasses`` writes for a frozen class
takes eight times as long as that of an ordinary class, and its ``replace`` six times as long as this one.
So these classes are frozen only for the type checker, which sees the usual ``dataclass`` and ``replace``.
At run time they merely have the hash of a frozen class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(cls=None, /, *, frozen=False, **options):
        """Make a dataclass. A ``frozen`` one has a hash, but an ordinary ``__init__``."""

        def make(cls):
            hashes = frozen and options.get("eq", True) and "__hash__" not in cls.__dict__
            return dataclasses.dataclass(cls, unsafe_hash=hashes, **options)

        return make if cls is None else make(cls)

    _LAYOUTS = {}

    def replace(value, /, **changes):
        """A copy of a dataclass with some fields changed. All its fields must be positional."""
        cls = value.__class__
        layout = _LAYOUTS.get(cls)
        if layout is None:
            names = cls.__match_args__
            read = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, names[0]),)
            layout = _LAYOUTS[cls] = read, {name: place for place, name in enumerate(names)}
        read, places = layout
        fields = [*read(value)]
        for name, new in changes.items():
            fields[places[name]] = new
        return cls(*fields)
