"""Pages and API: each parses, calls one service, renders."""
