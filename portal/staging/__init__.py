"""Images that staff had made, and want staged: what is asked, who signed it off, what came of it."""
