"""Files of guests on a host: cached images, overlays, drives, logs."""
