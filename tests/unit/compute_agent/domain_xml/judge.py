"""libvirt's own RNG schemas, as judges of what is authored."""

from functools import cache

from lxml import etree

SCHEMAS = "/usr/share/libvirt/schemas"


@cache
def _schema(kind: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(f"{SCHEMAS}/{kind}.rng"))


def complaints(kind: str, document: str) -> str:
    """Say what the schema of ``domain`` or ``network`` finds wrong; nothing when all is right."""
    schema = _schema(kind)
    return "" if schema.validate(etree.fromstring(document.encode())) else str(schema.error_log)
