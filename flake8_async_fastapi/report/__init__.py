"""A report on the routes of a project: their reads, the loading of their queries, and their sessions.

``routes.py`` reads it off what was traced, ``page.py`` and ``text.py`` write it.

Invariant: decides nothing about the code; a page needs nothing but itself.
"""
