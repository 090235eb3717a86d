"""A job type's YAML as somebody writes it: what is wrong where, and changes that leave all else as it stands."""
