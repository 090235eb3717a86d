"""Terms of programs: what a person accepted, once for each text, and what she uses a program for."""
