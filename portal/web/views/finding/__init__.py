"""What helps to find: days, filters, the table of datasets, and the search over everything."""
