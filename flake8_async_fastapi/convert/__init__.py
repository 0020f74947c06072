"""From a synchronous application to an async one.

`names.py` knows what binds a name, `infer.py` which session, engine or object an expression gives, and
`colour.py` which functions become async.  `convert.py` makes the edits of all files, and `mending.py` those
for what the analyzer finds in the result.

Invariant: converts texts; `application.py` reads and writes.
"""
