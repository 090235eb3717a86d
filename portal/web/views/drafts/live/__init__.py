"""What the live form's values lead to: a preset, and what a job with them would ask for."""
