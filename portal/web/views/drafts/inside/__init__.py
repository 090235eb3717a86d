"""Beside the step Data: what is known of a dataset, and a file's tree, to pick conditions and defaults from."""
