"""A job type that says which of its options limit the work."""

CROP = """\
crop:
  words: a box in the middle
  options: [planes]
  values: {planes: 2}
  box: {option: box, size: [4, 16, 100]}
  whole: [edge]
"""
TEXT = """\
name: sharpen
version: "1.0"
title: Sharpening
summary: Sharpens.
category: Any data
contact: staff
program: {module: sharpen}
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}
options:
  - {name: array, type: text, label: Volume, pick: {array: ZYX}}
  - {name: channel, type: integer, label: Channel, pick: {along: C}}
  - {name: iterations, type: integer, label: Iterations, default: 20, min: 1, max: 200, required: true}
  - {name: sigma, type: float, label: Sigma, units: um, default: 0.3, min: 0.01, max: 20, required: true}
  - name: edge
    type: choice
    label: Edge
    choices: [{value: reflect, label: mirrored}, zero, wrap]
    default: reflect
  - {name: clip, type: boolean, label: Clip, default: true}
  - {name: note, type: text, label: Note}
  - {name: planes, type: integer, label: Planes, default: 40, min: 1, required: true}
  - {name: box, type: text, label: Box, default: ""}
{CROP}resources:
  default: small
  variants: [{name: small, label: Small}]
result_title: "{input}, sharp"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
"""
