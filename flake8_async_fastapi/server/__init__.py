"""A language server: what the rules find in the buffers of an editor, while their text is changed.

``folders.py`` knows the configuration and the projects of a folder, ``wire.py`` the protocol; the others
answer one kind of request each, from texts and events.

Invariant: decides nothing about the code; the only place that knows pygls.
"""
