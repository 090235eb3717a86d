"""Quality check of any HDF5 or TIFF file: measured block by block, looked at, one page to read."""
