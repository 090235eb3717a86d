"""A sound job type that takes a picture and an option, as somebody may have written it."""

SHRINK = """\
name: shrink
version: "1"
title: Shrink   # what people read
summary: Makes it smaller.
category: Pictures
contact: Sam
program: {command: [sh, -c, "true"]}
inputs: [{name: picture, label: Picture, dataset_types: ["*"]}]
options: [{name: size, label: Size, type: integer, default: 50, min: 1, max: 100}]
resources: {default: small, variants: [{name: small, label: Small, cpus: 1, memory_mb: 64, time_s: 60}]}
result_title: "{input}, smaller"
outputs: [{name: out, pattern: "*.tif", dataset_type: picture}]
"""
