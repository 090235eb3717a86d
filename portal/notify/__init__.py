"""Notices: what has become of a person's jobs, told in the browser's header until it is read."""
