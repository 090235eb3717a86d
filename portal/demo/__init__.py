"""The demo facility: invented people and experiments, and raw data simulated with stated physics."""
