"""The rules: one file each, found by walking this package.

Invariant: a rule sees events and nothing else: no syntax tree, no flake8, no
disk, no other rule.
"""
