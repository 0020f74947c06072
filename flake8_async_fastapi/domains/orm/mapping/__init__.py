"""Mapped classes: what their bodies, tables and registries say of columns and relationships."""
