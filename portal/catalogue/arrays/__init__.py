"""The arrays of datasets' files: what they are, for pages, and for forms that ask which of them is meant."""
