"""The only program that acts as a person: it reads her inputs, makes her folders and submits her jobs.

One JSON request on standard input, one JSON answer on standard output. Standard library only. It trusts nothing in
the request: programs, images and limits come from signed-off job types, paths stay beneath named roots.
"""
