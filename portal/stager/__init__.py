"""The stager: the one account that writes images which staff had made where the agent reads them."""
