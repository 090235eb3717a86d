"""COLLECTING to SUCCEEDED: the store keeps the declared outputs, looks into them, the catalogue registers."""
