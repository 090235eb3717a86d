#!/bin/sh
# What an image does not need: the folder of the build, package sources and lists of this machine.
set -eu
apt-get clean
rm -rf /build /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/90build /var/lib/apt/lists/*
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /usr/share/info/* /var/log/*.log /var/log/apt /var/cache/debconf/*-old
mkdir -p /job /inputs
