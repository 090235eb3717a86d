"""What is known of a dataset's parameters: where each value is from, what was corrected, and which counts."""
