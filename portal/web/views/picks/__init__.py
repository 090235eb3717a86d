"""Ticks: what is ticked at once, and how many datasets stand in an address."""
