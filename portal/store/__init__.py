"""The only writer of the results tree: copies outputs in, hashes them as it copies, seals them, checks them again.

One JSON request on standard input, one JSON answer on standard output. Standard library only.
"""
