"""Patterns: named outfit ideas for anchors, from whoever writes them.

`model` says what a pattern is; `provider` how it is asked for and how a reply is read, the same for every provider;
`style_guide` is the provider that composes patterns from the written style guide; `stage` wires them to the tables.

For a language model: `prompt` and `prompt_vocabulary` say what it is asked, in the words of one catalogue (`shelf`,
`occasions`); `reading` makes patterns of what it answered: `translate` (`article_words`, `colour_words`) puts other words
into the catalogue's, `verdicts` says how good a pattern is. `importing` reads patterns that exist already in the same way.
"""
