"""Mapped classes: the columns and relationships that their bodies, tables and registries declare.

Also the results of ``inspect()`` on them. Adds no part of the state and no effect. Needs none of the other
folders of orm except for its events.
"""
