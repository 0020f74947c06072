"""AFA5: the scope of sessions and transactions."""
