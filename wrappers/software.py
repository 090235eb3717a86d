"""What results call the software that made them."""

NAME = "gantry-wrappers"
VERSION = "0.1.0"
SOFTWARE = f"{NAME} {VERSION}"
