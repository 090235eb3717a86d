"""Results beside what they were made of: on cards, and in the viewer."""
