"""HDF5 files that refer to others: external links, virtual datasets, external storage, by code of our own.

The library follows such links by itself, to wherever they lead, and given a Python file object it takes the master
for each of them. Here it never does: links are listed from what a file says, and what they mean is opened by
whoever knows which files may be (`Files`). It needs h5py and NumPy, which both who import it have.
"""

from gantry_formats.linked.arrays import Array
from gantry_formats.linked.links import Files, Kind, Link, LinkError, Why, links_of_dataset, members, place_of
from gantry_formats.linked.tree import Group, Tree

__all__ = [
    "Array",
    "Files",
    "Group",
    "Kind",
    "Link",
    "LinkError",
    "Tree",
    "Why",
    "links_of_dataset",
    "members",
    "place_of",
]
