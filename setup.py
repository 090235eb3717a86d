"""gantry-portal: the base install is the client; [server] adds the portal itself."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
JOBTYPES = ("*.yaml", "schema/*.json")

CLIENT = [
    "click>=8.1",  # the command line
    "requests>=2.32",  # HTTP to the portal's API
    "rich>=13",  # progress bars and tables on a terminal
]

SERVER = [
    "flask>=3.1",
    "flask-openapi3>=4.2",  # /api/v1 with OpenAPI from pydantic models
    "flask-wtf>=1.2",  # CSRF tokens
    "flask-limiter>=3.8",  # rate limits at sign-in
    "gunicorn>=23",
    "sqlalchemy>=2.0.36",
    "alembic>=1.14",
    "psycopg[binary]>=3.2",
    "pydantic>=2.10",
    "pyyaml>=6.0",
    "lark>=1.2",  # the grammar of conditions in job types
    "argon2-cffi>=23.1",
    "numpy>=2.0",
    "h5py>=3.12",
    "hdf5plugin>=4.4",  # the compression filters instruments use
    "tifffile>=2025.1",
    "imagecodecs>=2025.3",  # the compressions of TIFF
    "zarr>=3.1",  # OME-Zarr
    "pillow>=11",
    "fido2>=2.2",  # sign-off in the browser: what a security key signed
    "rocrate>=0.14",  # RO-Crate: results with their history, for other programs
    "gantry-formats",  # of this checkout: units, read as the programs read them
]

DEV = [
    "pytest>=8.3",
    "pytest-xdist>=3.6",
    "pytest-timeout>=2.3",
    "hypothesis>=6.120",
    "schemathesis>=4.32",  # asks the API what its document allows, and what it does not
    "playwright>=1.49",  # drives Debian's Chromium
    "ruff>=0.9",
    "mypy>=1.14",
    "import-linter>=2.1",
    "djlint>=1.36",
    "jsonschema>=4.23",
    "openapi-spec-validator>=0.7",
    "scikit-image>=0.25",  # independent truth for deconvolution and tomography
    "mrcfile>=1.5",  # independent truth for MRC
    "dclab>=0.62",  # independent truth for deformability cytometry
    "ome-types>=0.6",  # OME's own schema judges what is written, without a download
    "lxml>=5",  # with which it does so
    "types-requests",
    "types-PyYAML",
    "types-jsonschema",
]


class BuildPy(build_py):
    """Puts the shipped job types into the package: in a checkout they lie beside it."""

    def run(self) -> None:
        """Build as always, then copy them."""
        super().run()
        if self.editable_mode:
            return
        if not (ROOT / "portal/web/static/dist/manifest.json").exists():
            self.warn("the front end is not built, so its pages will be missing: ./run frontend")
        for pattern in JOBTYPES:
            for file in (ROOT / "jobtypes").glob(pattern):
                target = Path(self.build_lib, "portal/jobtype/shipped", file.relative_to(ROOT / "jobtypes"))
                self.mkpath(str(target.parent))
                self.copy_file(str(file), str(target))


setup(
    name="gantry-portal",
    version="0.1.0",
    description="A job portal for imaging facilities: datasets, analyses that fit, Slurm, results.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["portal", "portal.*"]),
    cmdclass={"build_py": BuildPy},
    package_data={
        "portal": [
            "py.typed",
            "jobtype/conditions/grammar.lark",
            "migrations/*.mako",
            "migrations/versions/*.py",
            "web/templates/**/*",
            "web/static/dist/**/*",
        ]
    },
    install_requires=CLIENT,
    extras_require={
        "server": SERVER,
        "ldap": ["ldap3>=2.9"],
        "oidc": ["authlib>=1.4"],
        "pyslurm": ["pyslurm"],  # must match the site's Slurm release exactly
        "dev": SERVER + DEV,
    },
    entry_points={"console_scripts": ["gantry=portal.cli.main:main"]},
)
