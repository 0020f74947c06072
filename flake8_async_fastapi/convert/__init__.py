"""Converts a synchronous application to an async one.

`names.py` finds the bindings of a name, `infer.py` the session, engine or object of an expression, and
`colour.py` the functions that become async. `convert.py` makes the edits of all files, and `mending.py` the
edits for the analyzer's findings in the result.

Invariant: converts texts; `application.py` reads and writes.
"""
