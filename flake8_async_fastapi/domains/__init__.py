"""The libraries and kinds of mistakes that plug into the engine, a folder each.

Invariant: a domain knows its own library, and those domains that it says it needs.
"""
