"""Quality check of any file of arrays: measured block by block, looked at, one page to read."""
