"""What a host has and does: looked at here, told by the reporter."""
