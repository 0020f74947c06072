"""AFA3: attributes of ORM objects that no query loaded."""
