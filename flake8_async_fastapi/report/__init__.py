"""A report on the routes of a project: what they read, what queries load, what becomes of sessions.

``routes.py`` reads it off what was traced, ``page.py`` and ``text.py`` write it.

Invariant: decides nothing about the code; a page needs nothing but itself.
"""
