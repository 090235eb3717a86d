"""What a start begins from: an earlier job, a part of the dataset."""
