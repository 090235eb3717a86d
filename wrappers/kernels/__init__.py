"""Arrays in, arrays out: no files, no settings. A kernel's NumPy/SciPy form is the reference for its GPU form."""
