"""gantry-formats: what portal and programs agree on. It needs Python's standard library alone.

`gantry_formats.linked` needs h5py and NumPy besides, which the portal's server and the programs have; the client,
which has neither, does not import it.
"""

from setuptools import setup

setup(
    name="gantry-formats",
    version="0.1.0",
    description="What Gantry's portal and programs agree on: units as files write them, links between HDF5 files.",
    license="Apache-2.0",
    python_requires=">=3.11",
    # This folder *is* the package, as in wrappers/.
    package_dir={"gantry_formats": "."},
    packages=[
        "gantry_formats",
        "gantry_formats.commands",
        "gantry_formats.conditions",
        "gantry_formats.linked",
        "gantry_formats.patterns",
        "gantry_formats.recipes",
    ],
    package_data={"gantry_formats": ["py.typed"]},
)
