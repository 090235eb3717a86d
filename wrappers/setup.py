"""gantry-wrappers: what runs on the compute node. It never imports the portal."""

from setuptools import setup

ROOMS = (
    "io",
    "io.microscopes",
    "io.tomography",
    "kernels",
    "kernels.psf",
    "launch",
    "launch.imaging",
    "launch.reports",
    "launch.servers",
    "programs",
    "programs.cells",
    "programs.lightsheet_deconvolution",
    "programs.qc",
    "programs.tomo_slice",
)

setup(
    name="gantry-wrappers",
    version="0.1.0",
    description="Gantry's launch, which runs jobs on their nodes, analysis programs and kernels.",
    license="Apache-2.0",
    python_requires=">=3.11",
    # This folder *is* the package, so that a checkout needs no src/ level.
    package_dir={"wrappers": "."},
    packages=["wrappers", *(f"wrappers.{room}" for room in ROOMS)],
    package_data={"wrappers": ["py.typed"]},
    install_requires=[
        "numpy>=2.0",
        "scipy>=1.14",  # real FFTs, labels, interpolation
        "h5py>=3.12",
        "hdf5plugin>=4.4",
        "tifffile>=2025.1",
        "imagecodecs>=2025.3",
        "zarr>=3.1",
        "pillow>=11",
        "gantry-formats",  # of this checkout: units, read as the portal reads them
        "opencv-python-headless>=4.10",  # contours by the field's reference definitions
    ],
    extras_require={
        "gpu": ["cupy-cuda13x[ctk]>=14"],
        "microscopy": [
            "liffile>=2025.11",  # LIF
            "nd2>=0.10",  # ND2
            "pylibCZIrw>=5",  # CZI, Zeiss' own
        ],
        "mpi": ["mpi4py>=4"],
    },
)
