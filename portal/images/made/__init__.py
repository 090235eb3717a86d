"""Images that people made as jobs of theirs: looked through before one is staged. Standard library only."""
