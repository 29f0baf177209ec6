"""What is seen of a controller from outside: its metrics, and the small wrappers that tell them."""
