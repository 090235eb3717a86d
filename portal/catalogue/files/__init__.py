"""A dataset's files where they lie: looked into, registered in place, and compared with what was pinned."""
