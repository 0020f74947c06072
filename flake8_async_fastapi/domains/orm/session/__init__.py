"""Sessions: how they are created, and how their methods and blocks change objects.

Changes ``Instances``: of a whole session by a ``Transition``, which is passed to the caller, or object by
object. Adds no part of its own. Needs mapping, statements and objects; ``run_sync`` needs the domain
blocking.
"""
