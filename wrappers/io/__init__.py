"""From files to arrays and back: HDF5, TIFF, MRC, PNG, and the conventions of each instrument's files."""
