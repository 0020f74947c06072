"""The command ``check``: the findings that flake8 would show, with all that is known of each.

``run.py`` finds them, ``baseline.py`` leaves out old ones; ``text.py``, ``data.py`` and ``sarif.py``
write them down.

Invariant: decides nothing about the code; all findings are those of the plugin.
"""
