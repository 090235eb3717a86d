"""The publisher: the one account that writes job types made in the browser where the agent reads them."""
