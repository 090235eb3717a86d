"""What is probably not meant in a job type that is sound: for whoever writes it, and no reason to refuse it."""
