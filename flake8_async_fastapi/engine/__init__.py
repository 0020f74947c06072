"""Runs functions over abstract values and reports, as events, whatever happens.

Invariant: decides what is true of the code, never what is worth reporting.
"""
