"""AFA2: blocking the event loop."""
