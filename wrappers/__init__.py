"""What runs on the compute node: job.json -> arrays -> kernels -> files. Nothing here knows the portal."""
