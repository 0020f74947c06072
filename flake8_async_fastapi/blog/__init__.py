"""A small FastAPI blog, twice, as material for reading and for tests.

`pitfalls` is a half-finished conversion to async: every rule fires in it, at
lines that carry the rule's code in a comment. `converted` is the same
application done right. Neither is imported by the linter.
"""
