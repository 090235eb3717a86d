"""The backend `local`: supervised processes on this machine, the embedded default."""
