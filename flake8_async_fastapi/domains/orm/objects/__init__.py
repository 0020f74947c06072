"""ORM objects on a path: their loaded attributes, and the effects of reads, writes and calls.

Defines the part ``Instances``, the effect ``InstanceEffect`` and the event ``Missing``. Needs mapping and
statements; ``effects`` needs session, to apply the effects of a callee on sessions.
"""
