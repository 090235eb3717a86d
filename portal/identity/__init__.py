"""People, their sign-ins and tokens, and the Unix accounts as which their jobs run."""
