"""Calls that stop the event loop, and the code that may make them."""
