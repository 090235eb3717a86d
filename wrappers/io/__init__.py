"""From files to arrays and back: HDF5, TIFF, PNG, and the conventions of each instrument's files."""
