"""AFA7: tests that do not test anything, or not what their author meant."""
