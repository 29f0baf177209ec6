"""How Identity's answers look."""
