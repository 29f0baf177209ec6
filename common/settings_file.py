"""How settings are read: each field of ``common.settings`` becomes an option of oslo.config.

``options()`` is what the sample generator reads, too (etc/toft/toft.conf.sample).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from oslo_config import cfg

from common import errors
from common.guest import aliases
from common.settings import Group, Settings

_KINDS: dict[Any, type[cfg.Opt]] = {bool: cfg.BoolOpt, int: cfg.IntOpt, float: cfg.FloatOpt, str: cfg.StrOpt}


def _groups() -> dict[str, type[Group]]:
    return get_type_hints(Settings)


def options() -> Sequence[tuple[str, list[cfg.Opt]]]:
    """Give each group's name and options, in oslo.config's own classes."""
    listed = []
    for name, group in _groups().items():
        hints = get_type_hints(group, include_extras=True)
        opts = []
        for field in msgspec.structs.fields(group):
            kind, meta = get_args(hints[field.name]) if get_origin(hints[field.name]) is Annotated else (None, None)
            assert meta is not None, f"[{name}] {field.name} needs a description"
            secret = bool((meta.extra_json_schema or {}).get("secret"))
            opts.append(_KINDS[kind](field.name, default=field.default, help=meta.description, secret=secret))
        listed.append((name, opts))
    return listed


def read(files: Sequence[str]) -> Settings:
    """Read settings from files, later ones winning; without any, from /etc/toft/toft.conf if it is there.

    :raises SettingsError: a file cannot be read or a value does not fit; names the file or the option.
    """
    conf = cfg.ConfigOpts()
    for name, opts in options():
        conf.register_opts(opts, group=name)
    found = list(files) or [f for f in ["/etc/toft/toft.conf"] if Path(f).exists()]
    try:
        conf(args=[], project="toft", default_config_files=found, default_config_dirs=[])
        groups = {
            name: {field.name: conf[name][field.name] for field in msgspec.structs.fields(group)}
            for name, group in _groups().items()
        }
        made = msgspec.convert(groups, Settings)
    except (cfg.Error, ValueError) as error:
        raise errors.SettingsError(f"settings: {error}") from error
    aliases.read(made.devices.aliases)
    return made
