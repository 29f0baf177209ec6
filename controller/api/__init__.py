"""The HTTP APIs: OpenStack's formats in front, changes for the writer and reads of the store behind."""
