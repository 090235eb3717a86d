"""Point spread functions: measured ones made ready, and computed ones."""
