"""Analyses that staff make in the browser: drafts, of whom they are, and what becomes of them."""
