"""AFA7: tests that do not test what they seem to."""
