"""The disk: the project's root, its files and texts, the cache.

Invariant: nothing else in the package reads or writes the disk, and nothing here knows what a text means.
Files that cannot be read are left out, and a cache that cannot be used is no cache: neither is an error.
"""
