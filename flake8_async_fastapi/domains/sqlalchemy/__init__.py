"""SQLAlchemy and SQLModel: statements, loader options, results, sessions and mapped classes."""
