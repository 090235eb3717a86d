"""What the scheduler and the attempt's folder say about jobs, the verdict on both, and what follows from it."""
