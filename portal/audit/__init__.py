"""Who did what, to what, when and from where: written down in the transaction of the deed, and never changed."""
