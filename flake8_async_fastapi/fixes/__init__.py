"""Fixes findings: descriptions of fixes become edits of texts, and edits become new texts.

``edits.py`` edits texts, ``code.py`` finds nodes in one, ``imports.py`` makes a name available. ``kinds/``
has a module for each kind of fix, ``changes.py`` finds it, ``rounds.py`` applies all.

Invariant: the only place that knows libcst; changes texts only between the places that an edit names.
"""
