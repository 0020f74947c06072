"""Runs functions over abstract values and says what happened, as events.

Invariant: decides what is true of the code, never what is worth reporting.
"""
