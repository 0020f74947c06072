"""Statements: the entities that they select and load, as data, and their results.

Defines ``Transition``, the change to all objects of a session. Adds no part of the state. Needs mapping for
attributes; ``results`` needs objects, to put fetched ones on the path.
"""
