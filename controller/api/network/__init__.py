"""Network v2.0: networks, subnets and ports."""
