"""Patterns: named outfit ideas for anchors, from whoever writes them.

`model` says what a pattern is; `provider` how it is asked for and how a reply is read, the same for every provider;
`style_guide` is the provider that composes patterns from the written style guide; `stage` wires them to the tables.
"""
