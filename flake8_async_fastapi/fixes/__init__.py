"""Mend what the rules found: descriptions of fixes become edits of texts, and edits become new texts.

``edits.py`` knows texts, ``code.py`` what stands where in one, ``imports.py`` how a name is made known.
``kinds/`` has a module for each kind of fix, ``changes.py`` finds it, ``rounds.py`` applies all.

Invariant: the only place that knows libcst; changes texts only between the places that an edit names.
"""
