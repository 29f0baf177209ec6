"""How the Image service's answers look."""
