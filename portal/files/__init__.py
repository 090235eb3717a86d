"""Every byte that a person could have written: opened beneath a root, written whole, removed without following."""
