"""How much a program may tell in metadata.json and events.jsonl: what it keeps to, and what the portal takes."""

MAX_METADATA_BYTES = 1 << 20
MAX_PARAMETERS = 500
MAX_PREVIEWS = 50
MAX_NAME = 200
"""Characters of a parameter's name."""
MAX_UNITS = 100
MAX_NUMBER = 1e300
"""What a parameter that is a number may be at most, either way: databases count a little less far than floats."""
MAX_VALUE = 4000
"""Characters of a parameter that is a text."""
MAX_CAPTION = 255
MAX_SUMMARY = 255
MAX_WARNINGS = 50
MAX_WARNING = 1000
"""Characters of one sentence about what makes a result doubtful."""
MAX_REFUSAL = 1000
"""Characters of the sentence in which a program says why it cannot work on what it was given."""
