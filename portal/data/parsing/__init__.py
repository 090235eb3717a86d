"""Looking into HDF5, TIFF, MRC and pictures that a person could have written, in child processes with limits."""
