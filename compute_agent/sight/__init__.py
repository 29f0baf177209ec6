"""What is seen of an agent from outside: its metrics, and the small wrappers that tell them."""
