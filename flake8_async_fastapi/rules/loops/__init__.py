"""AFA6: event loops and threads."""
