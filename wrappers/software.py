"""What results call the software that made them, and the libraries that it used."""

import sys

NAME = "gantry-wrappers"
VERSION = "0.1.0"
SOFTWARE = f"{NAME} {VERSION}"

LIBRARIES = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "cv2": "OpenCV",
    "h5py": "h5py",
    "tifffile": "tifffile",
    "zarr": "Zarr",
    "pylibCZIrw": "pylibCZIrw",
    "nd2": "nd2",
    "liffile": "liffile",
    "cupy": "CuPy",
}
"""Modules whose version may matter to numbers, with the names that people write."""


def libraries() -> dict[str, str]:
    """Names and versions of those libraries that this process has loaded, and of these programs themselves."""
    found = {NAME: VERSION}
    for module, name in LIBRARIES.items():
        version = getattr(sys.modules.get(module), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found
