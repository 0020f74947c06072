"""The standard library: builtins, containers, and functions that give or call functions."""
