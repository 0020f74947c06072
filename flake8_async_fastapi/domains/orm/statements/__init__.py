"""Statements: what they select and load, as data, and what their results hand out.

Defines ``Transition``, what happens to the objects of a session.  Adds no part of the state.
Needs mapping for attributes; ``results`` needs objects, to put those that are fetched on the path.
"""
