"""Jobs as the web and the command line know them: rows, states, what people read and ask."""
