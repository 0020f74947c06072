"""A small FastAPI blog, three times, as material for reading and for tests.

`sync` is the blog before async: what `convert` starts from. `pitfalls` is a
half-finished conversion: every rule fires in it, at lines that carry the rule's
code in a comment. `converted` is the same application done right. The linter
imports none of them.
"""
