"""What pages show of images that staff had made and want staged."""
