"""What an image that somebody has made may be made from: the portal checks it on the form, launch on the node."""
