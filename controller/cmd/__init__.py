"""The controller's commands; each is found by the entry-point group ``toft.commands``."""
