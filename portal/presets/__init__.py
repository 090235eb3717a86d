"""Presets that people keep: values of an analysis's options, for themselves, their team or everybody."""
