"""Sessions: what makes them, what their methods and blocks do to objects, and who passes them.

Changes ``Instances``: of a whole session by a ``Transition``, which a caller hears of, or object by object.
Adds no part of its own.
Needs mapping, statements and objects; ``run_sync`` needs the domain blocking.
"""
