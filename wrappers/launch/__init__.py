"""What runs a job on its node: claims an attempt, verifies its job spec, runs the program, writes the ending.

Standard library only, and light: it runs once for every job of every user. The contract of the files is
docs/developers/formats.md, its behaviour docs/developers/launch.md.
"""

VERSION = "0.1.0"
SCHEMA = 1
