"""What pages show, as plain objects: each function makes the view model of one noun from what services return."""
