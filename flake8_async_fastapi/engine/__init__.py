"""Runs functions over abstract values and reports, as events, whatever happens.

Invariant: the engine decides whether something is true of the code, never whether it is worth reporting.
"""
