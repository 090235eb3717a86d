"""TAB in a shell: what it offers, and the command that sets it up."""
