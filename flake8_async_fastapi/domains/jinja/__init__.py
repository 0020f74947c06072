"""Jinja: what rendering a template reads of its variables."""
