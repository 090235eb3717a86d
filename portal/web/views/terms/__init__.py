"""Terms of programs on forms: what is asked once, and what for a program is used."""
