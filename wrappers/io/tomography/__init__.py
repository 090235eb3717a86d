"""Tomography scans as facilities write them, and slices as written: NXtomo, Data Exchange, NXtomoproc."""
