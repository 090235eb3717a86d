"""Somebody who submits, and the daemon's steps on a cluster in memory."""

from desk_and_bench import bench, desk, jobtypes

__all__ = ["bench", "desk", "jobtypes"]
