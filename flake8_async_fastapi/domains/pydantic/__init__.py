"""Pydantic: what validating a value reads of it."""
