"""Parts of the analysis of cell shapes: backgrounds, what is doubtful, and how the steps are named."""
