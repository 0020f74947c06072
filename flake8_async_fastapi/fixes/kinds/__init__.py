"""The kinds of fixes: a module for each, named as ``Fix.kind`` names it, with a function ``edits``."""
