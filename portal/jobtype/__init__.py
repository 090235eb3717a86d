"""Job types: what an analysis is, as data. Loading, checking, publishing, and which fit which datasets."""
