"""ICAT's entities and who may do what with them; there is no second way to read the catalogue."""
