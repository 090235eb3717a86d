"""How the small programs (agent, store) are asked: one JSON request in, one answer out, an operator's file."""
