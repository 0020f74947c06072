"""Runs of pytest in a process of its own."""

PLUGINS = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:pytest-lsp")
"""Options that leave out plugins: one writes beside the tests, the others take seconds to import."""
