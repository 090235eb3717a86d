#!/bin/sh
# install.sh LOCK: what the lock file names, from the wheels beside it alone, each checked by its hash; then
# Gantry's programs. pip runs from its own wheel, so that no image holds an installer.
set -eu
lock=$1
installer=$(ls /build/wheels/pip-*.whl)
pip() { /opt/gantry/bin/python "$installer/pip" --quiet --no-cache-dir --disable-pip-version-check "$@"; }
pip install --no-index --find-links /build/wheels --require-hashes -r "$lock"
if ls /build/gantry_wrappers-*.whl >/dev/null 2>&1; then
    pip install --no-index --no-deps /build/gantry_formats-*.whl /build/gantry_wrappers-*.whl
    # launch is the node's: it runs outside, in a version of its own.
    rm -r /opt/gantry/lib/python3*/site-packages/wrappers/launch
fi
# The lock file names pip too, so that the one that installs was checked with the others.
/opt/gantry/bin/python -m pip uninstall --quiet --yes pip
