"""Registered files, read for somebody who may: opened through the door, parsed in limited children."""
