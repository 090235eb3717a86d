"""What a program's licence asks for: tokens that Slurm counts, servers that hand out licences, terms to accept."""
