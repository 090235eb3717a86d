"""Trying several values: the form that asks for it, and the sheet of what came of it."""
