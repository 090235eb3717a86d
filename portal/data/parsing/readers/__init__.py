"""Readers of formats, for the limited child: they open what it was given, and know nothing of who asks."""
