"""Frozen types for the contents of one file, and their codec.

Invariant: facts name things of other modules by text only, so that the same text always gives the same
facts.
"""
