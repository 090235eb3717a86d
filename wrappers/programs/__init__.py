"""The analyses that ship, a module or folder each; `python -m wrappers.NAME` is their address."""
