"""Compute's endpoints and the rules they ask."""

from controller.api.compute.handlers import (
    aggregates,
    availability_zones,
    extensions,
    extra_specs,
    flavors,
    hypervisors,
    keypairs,
    limits,
    server_actions,
    server_decision,
    server_groups,
    server_ips,
    server_metadata,
    server_timeline,
    servers,
    services,
)
from controller.api.policy import ADMIN, MEMBER, READER, Rule
from controller.api.route import Route

_FLAVOR = "/v2.1/flavors/{flavor_id}"
_SPECS = f"{_FLAVOR}/os-extra_specs"
_SERVER = "/v2.1/servers/{server_id}"
_KEYPAIRS = "/v2.1/os-keypairs"
_AGGREGATE = "/v2.1/os-aggregates/{aggregate_id}"
_GROUPS = "/v2.1/os-server-groups"
_HYPERVISOR = "/v2.1/os-hypervisors/{hypervisor}"  # its number; in a search, a part of its name

ROUTES = (
    Route("GET", "/v2.1/flavors", flavors.index),
    Route("POST", "/v2.1/flavors", flavors.create),
    Route("GET", "/v2.1/flavors/detail", flavors.detail),
    Route("GET", _FLAVOR, flavors.show),
    Route("DELETE", _FLAVOR, flavors.delete),
    Route("GET", _SPECS, extra_specs.index),
    Route("POST", _SPECS, extra_specs.create),
    Route("GET", f"{_SPECS}/{{key}}", extra_specs.show),
    Route("PUT", f"{_SPECS}/{{key}}", extra_specs.update),
    Route("DELETE", f"{_SPECS}/{{key}}", extra_specs.delete),
    Route("GET", _KEYPAIRS, keypairs.index),
    Route("POST", _KEYPAIRS, keypairs.create),
    Route("GET", f"{_KEYPAIRS}/{{name}}", keypairs.show),
    Route("DELETE", f"{_KEYPAIRS}/{{name}}", keypairs.delete),
    Route("GET", "/v2.1/servers", servers.index),
    Route("POST", "/v2.1/servers", servers.create, sends=True),
    Route("GET", "/v2.1/servers/detail", servers.detail),
    Route("GET", _SERVER, servers.show),
    Route("PUT", _SERVER, servers.update),
    Route("DELETE", _SERVER, servers.delete),
    Route("POST", f"{_SERVER}/action", server_actions.act, sends=True),
    Route("GET", f"{_SERVER}/ips", server_ips.index),
    Route("GET", f"{_SERVER}/ips/{{network}}", server_ips.show),
    Route("GET", f"{_SERVER}/metadata", server_metadata.index),
    Route("POST", f"{_SERVER}/metadata", server_metadata.create),
    Route("PUT", f"{_SERVER}/metadata", server_metadata.replace),
    Route("GET", f"{_SERVER}/metadata/{{key}}", server_metadata.show),
    Route("PUT", f"{_SERVER}/metadata/{{key}}", server_metadata.update),
    Route("DELETE", f"{_SERVER}/metadata/{{key}}", server_metadata.delete),
    Route("GET", f"{_SERVER}/toft-timeline", server_timeline.show),
    Route("GET", f"{_SERVER}/toft-decision", server_decision.show),
    Route("GET", "/v2.1/os-hypervisors", hypervisors.index),
    Route("GET", "/v2.1/os-hypervisors/detail", hypervisors.detail),
    Route("GET", "/v2.1/os-hypervisors/statistics", hypervisors.statistics),
    Route("GET", _HYPERVISOR, hypervisors.show),
    Route("GET", f"{_HYPERVISOR}/uptime", hypervisors.uptime),
    Route("GET", f"{_HYPERVISOR}/search", hypervisors.search),
    Route("GET", f"{_HYPERVISOR}/servers", hypervisors.servers_of),
    Route("GET", "/v2.1/os-aggregates", aggregates.index),
    Route("POST", "/v2.1/os-aggregates", aggregates.create),
    Route("GET", _AGGREGATE, aggregates.show),
    Route("PUT", _AGGREGATE, aggregates.update),
    Route("DELETE", _AGGREGATE, aggregates.delete),
    Route("POST", f"{_AGGREGATE}/action", aggregates.act),
    Route("GET", _GROUPS, server_groups.index),
    Route("POST", _GROUPS, server_groups.create),
    Route("GET", f"{_GROUPS}/{{group_id}}", server_groups.show),
    Route("DELETE", f"{_GROUPS}/{{group_id}}", server_groups.delete),
    Route("GET", "/v2.1/os-services", services.index),
    Route("PUT", "/v2.1/os-services/enable", services.enable),
    Route("PUT", "/v2.1/os-services/disable", services.disable),
    Route("PUT", "/v2.1/os-services/disable-log-reason", services.disable_with_reason),
    Route("GET", "/v2.1/os-availability-zone", availability_zones.index),
    Route("GET", "/v2.1/os-availability-zone/detail", availability_zones.detail),
    Route("GET", "/v2.1/limits", limits.show),
    Route("GET", "/v2.1/extensions", extensions.index),
    Route("GET", "/v2.1/extensions/{alias}", extensions.show),
)

_A_FLAVOR, _A_SERVER, _MY_KEYS = f"/compute{_FLAVOR}", f"/compute{_SERVER}", f"/compute{_KEYPAIRS}"
_SERVERS, _AN_AGGREGATE, _MY_GROUPS = "/compute/v2.1/servers", f"/compute{_AGGREGATE}", f"/compute{_GROUPS}"
_A_GROUP, _EXTRA = f"{_MY_GROUPS}/{{group_id}}", f"/compute{_SPECS}"

RULES = (
    Rule("compute:everyone", ADMIN, "See and touch servers of all projects."),
    Rule("compute:host_fields", ADMIN, "See on which host a server is, and its name there.", (("GET", _A_SERVER),)),
    Rule(
        "compute:flavors:read", READER, "List and show flavors.", (("GET", "/compute/v2.1/flavors"), ("GET", _A_FLAVOR))
    ),
    Rule(
        "compute:flavors:write",
        ADMIN,
        "Create and delete flavors, and see those that are not public.",
        (("POST", "/compute/v2.1/flavors"), ("DELETE", _A_FLAVOR)),
    ),
    Rule(
        "compute:extra_specs:read",
        READER,
        "See flavors' extra specs.",
        (("GET", _EXTRA), ("GET", f"{_EXTRA}/{{key}}")),
    ),
    Rule(
        "compute:extra_specs:write",
        ADMIN,
        "Set and delete flavors' extra specs.",
        (("POST", _EXTRA), ("PUT", f"{_EXTRA}/{{key}}"), ("DELETE", f"{_EXTRA}/{{key}}")),
    ),
    Rule("compute:keypairs:read", READER, "List and show one's own keypairs.", (("GET", _MY_KEYS),)),
    Rule("compute:keypairs:write", MEMBER, "Make and delete one's own keypairs.", (("POST", _MY_KEYS),)),
    Rule("compute:servers:read", READER, "List and show servers.", (("GET", _SERVERS), ("GET", _A_SERVER))),
    Rule("compute:servers:create", MEMBER, "Create servers.", (("POST", _SERVERS),)),
    Rule("compute:servers:create:on_host", ADMIN, "Say to which host new servers go.", (("POST", _SERVERS),)),
    Rule("compute:servers:update", MEMBER, "Rename servers and change their metadata.", (("PUT", _A_SERVER),)),
    Rule("compute:servers:delete", MEMBER, "Delete servers.", (("DELETE", _A_SERVER),)),
    Rule("compute:servers:act", MEMBER, "Start, stop and reboot servers.", (("POST", f"{_A_SERVER}/action"),)),
    Rule("compute:servers:console", MEMBER, "Read servers' consoles.", (("POST", f"{_A_SERVER}/action"),)),
    Rule("compute:limits:read", READER, "See the project's limits.", (("GET", "/compute/v2.1/limits"),)),
    Rule("compute:zones:read", READER, "See availability zones.", (("GET", "/compute/v2.1/os-availability-zone"),)),
    Rule(
        "compute:aggregates:read",
        ADMIN,
        "List and show aggregates.",
        (("GET", "/compute/v2.1/os-aggregates"), ("GET", _AN_AGGREGATE)),
    ),
    Rule(
        "compute:aggregates:write",
        ADMIN,
        "Make, change and delete aggregates and the zones they make, and say which hosts are in them.",
        (
            ("POST", "/compute/v2.1/os-aggregates"),
            *((method, _AN_AGGREGATE) for method in ("PUT", "DELETE")),
            ("POST", f"{_AN_AGGREGATE}/action"),
        ),
    ),
    Rule(
        "compute:server_groups:read", READER, "List and show server groups.", (("GET", _MY_GROUPS), ("GET", _A_GROUP))
    ),
    Rule(
        "compute:server_groups:write",
        MEMBER,
        "Make and delete server groups.",
        (("POST", _MY_GROUPS), ("DELETE", _A_GROUP)),
    ),
    Rule(
        "compute:hosts:read",
        ADMIN,
        "See hypervisors, services and zones in detail.",
        (("GET", "/compute/v2.1/os-hypervisors"), ("GET", "/compute/v2.1/os-services")),
    ),
    Rule(
        "compute:hosts:write",
        ADMIN,
        "Enable and disable hosts.",
        tuple(("PUT", f"/compute/v2.1/os-services/{action}") for action in ("enable", "disable", "disable-log-reason")),
    ),
)
