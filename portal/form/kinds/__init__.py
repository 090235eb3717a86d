"""How values of more than a word or a number are read, from a form, a command line or the API."""
