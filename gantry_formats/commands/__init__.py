"""What makes the command of registered software safe: rules on which the portal and its agent agree."""
