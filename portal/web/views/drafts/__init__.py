"""The editor of analyses: fields of its steps, what they change in the text, and what stands beside."""
