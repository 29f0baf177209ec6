"""The settings files of a lab's parts."""

from pathlib import Path

from lab import places
from lab.plan import Plan

CONTROLLER = """\
[state]
path = {state}
keys = {keys}
[bus]
url = {bus}
management = {management}
[database]
url = {database}
[api]
listen = {address}
port = {port}
url = {api}
[controller]
name = {name}
url = http://{address}:{port}
lease_seconds = 15
resend_seconds = 5
auto_enroll = false
[scheduler]
cpu_ratio = 32
"""

AGENT = """\
[state]
path = {state}
[api]
url = {api}
[agent]
driver = {driver}
heartbeat_seconds = 3
reserved_memory_mib = {reserved}
reserved_disk_gib = 1
"""

RABBITMQ = """\
default_user = toft
default_pass = {password}
loopback_users = none
"""

HAPROXY = """\
defaults
  mode http
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  option redispatch
  retries 2
frontend api
  bind {address}:{port}
  default_backend controllers
backend controllers
  option httpchk GET /healthcheck
  default-server check inter 500ms fall 2 rise 1
{servers}
"""


def controller(plan: Plan, name: str) -> Path:
    """Write a controller's settings."""
    text = CONTROLLER.format(
        state=state(name),
        keys=places.STATE / "keys",
        bus=plan.bus_url,
        management=plan.management_url,
        database=plan.database_url,
        address=plan.address,
        port=plan.ports[name],
        api=plan.api_url,
        name=name,
    )
    return _written(f"{name}.conf", text)


def agent(plan: Plan, name: str) -> Path:
    """Write an agent's settings; how it enters the broker is for the controller to say."""
    text = AGENT.format(
        state=state(name),
        api=plan.api_url,
        driver=plan.driver,
        reserved=_reserved(plan.memory_mib),
    )
    return _written(f"agent-{name}.conf", text)


def haproxy(plan: Plan) -> Path:
    """Write haproxy's configuration."""
    servers = (f"  server {name} {plan.address}:{plan.ports[name]}" for name in plan.controller_names)
    text = HAPROXY.format(address=plan.address, port=plan.ports["api"], servers="\n".join(servers))
    return _written("haproxy.cfg", text)


def state(name: str) -> Path:
    """Give a part's state folder, which others may pass through."""
    folder = places.STATE / name / "state"
    for made in (folder.parent, folder):
        made.mkdir(exist_ok=True)
        made.chmod(0o711)
    return folder


def _reserved(memory_mib: int) -> int:
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return max(0, int(total.split()[1]) // 1024 - memory_mib)


def _written(name: str, text: str) -> Path:
    path = places.STATE / name
    path.write_text(text)
    path.chmod(0o600)
    return path
