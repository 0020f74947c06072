"""AFA1: awaiting."""
