"""The clusters as the daemon last kept them, and what staff see of them."""
