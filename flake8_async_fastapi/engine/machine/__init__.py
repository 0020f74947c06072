"""The machine: what expressions, statements, calls and names of Python mean."""
