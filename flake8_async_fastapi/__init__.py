"""A flake8 plugin that finds the async pitfalls of FastAPI and SQLAlchemy.

Invariant: nothing in this package imports or runs the code that it checks,
nor FastAPI, SQLAlchemy or Pydantic (the bundled blog apart, which is example
code and is never imported by the linter).
"""

__version__ = "0.1.0"
