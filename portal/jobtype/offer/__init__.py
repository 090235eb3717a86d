"""What is on offer: the revisions that were signed off last, whatever became of their files since."""
