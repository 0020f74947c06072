"""ORM objects on a path: what is loaded of them, and what reading, writing and calls do to them.

Has the part ``Instances``, the effect ``InstanceEffect`` and the event ``Missing``.
Needs mapping and statements; ``effects`` needs session, to apply what a callee did to sessions.
"""
