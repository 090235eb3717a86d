"""What a program tells in ways of its own, and how that is read: progress, causes, parameters, pictures."""
