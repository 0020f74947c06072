"""Statements: what they select and load, as data, and what their results hand out."""
