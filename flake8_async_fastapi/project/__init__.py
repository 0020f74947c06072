"""The facts of all files, linked: which file a name of another module means.

Invariant: knows names and files only. The interpreter finds out the values of names. Nothing here reads the
disk.
"""
