"""The writer: everything that a request changes goes through here, and shares its commit with others that wait."""

from controller.writer.contract import Change, Key, Writer

__all__ = ["Change", "Key", "Writer"]
