"""Patterns of job types: a part of regular expressions that means the same everywhere and cannot stall.

    objection(pattern)      None, or in words why it is not taken
    matches(pattern, text)  whether the whole text fits
    portable(pattern)       the same for Python's `re` and for JavaScript's RegExp (flag u), which agree on it

Taken are: characters, `.`, classes `[a-z]` `[^…]`, `\\d \\w \\s` (of ASCII alone), groups, `|`, and `? * + {m,n}`,
so long as at every character it is clear how the pattern goes on. Then an engine that goes back never goes back
far: `(a+)+b`, `a?a?aa` and `a*a*b` are refused, `[a-z]+(-[a-z]+)*` is taken. A pattern that was published before
this was asked is matched here step by step, in time that grows with its length times the text's.
"""

from gantry_formats.patterns.matching import matches, objection, portable
from gantry_formats.patterns.syntax import PatternError

__all__ = ["PatternError", "matches", "objection", "portable"]
