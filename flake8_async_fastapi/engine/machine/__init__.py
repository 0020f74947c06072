"""The machine: the semantics of Python's expressions, statements, calls and names."""
