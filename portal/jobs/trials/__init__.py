"""What came of trying several values of an option: the sheet of its jobs and their results."""
