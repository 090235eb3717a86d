"""A second person signs off in the browser: keys, what they sign, and what is written down of it."""
