#!/bin/sh
# Build a release of Slurm, and pyslurm for it, on a host of the lab (Debian 13, as its root).
#
# Usage: build_slurm.sh SOURCE PREFIX [PYSLURM_RELEASE]
# SOURCE: Slurm's source tree; PREFIX: where it goes, below /shared so that all hosts have it. With a release of
# pyslurm, PREFIX/pyslurm is a Python environment that has it.
set -eu
source=$1 prefix=$2 pyslurm=${3:-}
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends gcc make libc6-dev libmunge-dev libmariadb-dev libjson-c-dev \
  libssl-dev liblz4-dev zlib1g-dev pkg-config python3-dev python3-venv

cd "$source"
without=""
for part in readline hdf5 hwloc nvml rsmi oneapi pmix freeipmi ucx rdkafka s2n bpf yaml jwt http-parser ofed \
  libcurl lua selinux; do
  without="$without --without-$part"
done
# shellcheck disable=SC2086 # they are words
CFLAGS=-O1 ./configure --prefix="$prefix" --sysconfdir=/etc/slurm --disable-debug --disable-slurmrestd \
  --disable-dependency-tracking --disable-static --disable-cgroupv2 --enable-silent-rules $without
nice make -j2
make install

if [ -n "$pyslurm" ]; then
  python3 -m venv "$prefix/pyslurm"
  "$prefix/pyslurm/bin/pip" install -q 'setuptools<80' wheel 'Cython>=3,<3.2' packaging
  SLURM_INCLUDE_DIR=$prefix/include SLURM_LIB_DIR=$prefix/lib PYSLURM_BUILD_JOBS=2 CFLAGS='-O1 -g0' \
    nice "$prefix/pyslurm/bin/pip" install --no-build-isolation --no-binary pyslurm "pyslurm==$pyslurm"
fi
