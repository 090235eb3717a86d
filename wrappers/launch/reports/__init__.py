"""What a program that knows nothing of Gantry tells: progress by its lines, figures and pictures by its files."""
