"""What becomes of a form that was filled in: kept where it could not be taken, sent once more, outdated then."""
