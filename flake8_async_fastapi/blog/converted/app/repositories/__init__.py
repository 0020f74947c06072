"""Queries. Each says what it loads, because nothing can be loaded later."""
