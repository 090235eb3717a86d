"""Kinds of options whose values are more than a word or a number, each knowing which values it takes."""
