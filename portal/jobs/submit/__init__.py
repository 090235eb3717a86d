"""From filled-in forms to rows that the daemon finds: checked, within the quota, written in few statements."""
