"""AFA5: which session is used where, when and by whom."""
