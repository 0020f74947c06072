"""Runs functions over abstract values and reports, as events, whatever happens.

Invariant: decides whether something is true of the code, never whether it is worth reporting.
"""
