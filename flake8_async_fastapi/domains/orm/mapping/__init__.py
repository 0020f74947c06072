"""Mapped classes: what their bodies, tables and registries say of columns and relationships.

Also what ``inspect()`` tells of them.  Adds no part of the state and no effect.
Needs none of the other folders of orm, but its events.
"""
