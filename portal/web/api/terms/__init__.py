"""The terms of analyses, as programs read them."""
