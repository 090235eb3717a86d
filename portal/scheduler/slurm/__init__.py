"""The backend `slurm`: Slurm's commands, by argument list in and JSON or columns out."""
