"""A flake8 plugin that finds async mistakes in FastAPI and SQLAlchemy code.

Invariant: nothing in this package imports or runs the code that it checks, nor FastAPI, SQLAlchemy or
Pydantic. The bundled blog is an exception: it is example code, and the linter never imports it.
"""

__version__ = "0.2.0"
