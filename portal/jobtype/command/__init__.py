"""The marks of a command, and what must hold between them and the rest of a job type."""
