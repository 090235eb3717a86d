"""The command `gantry`: for people over the API, for operators (`gantry admin`) over the services."""
