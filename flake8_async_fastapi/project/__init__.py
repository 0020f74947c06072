"""All facts joined: which file a name of another module means.

Invariant: knows names and files only; what a name's value is, the interpreter
finds out.  Never reads the disk.
"""
