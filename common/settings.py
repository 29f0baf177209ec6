"""Settings: declared once, as Structs; read by oslo.config at the entry point, handed inward frozen.

Each field is an option of the group that its Struct names: type, default and help are the option's
(common.settings_file).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from common.apart import apart


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the groups of settings."""


class State(Group, frozen=True):
    """[state] Where things are kept."""

    path: Annotated[
        str,
        Meta(
            description="Folder of the database, journal, images and guest files. Never below a checkout: the QEMU user must be able to pass through each folder above it."
        ),
    ] = "/var/lib/toft"
    keys: Annotated[
        str,
        Meta(
            description="Folder of the controllers' keys. Empty: keys/ below path. All controllers of one database need the same keys: share the folder, or copy it."
        ),
    ] = ""


class Database(Group, frozen=True):
    """[database] The controller's database."""

    url: Annotated[
        str,
        Meta(
            description="SQLAlchemy URL. Empty: SQLite in the state folder. PostgreSQL: postgresql+psycopg://user:password@host/toft",
            extra_json_schema={"secret": True},
        ),
    ] = ""
    pool: Annotated[int, Meta(description="Connections kept open to PostgreSQL.")] = 10


class Bus(Group, frozen=True):
    """[bus] The message broker."""

    url: Annotated[
        str,
        Meta(
            description="amqp://user:password@host:5672/vhost, or memory:// for controller and agent in one process.",
            extra_json_schema={"secret": True},
        ),
    ] = "memory://"
    queue_type: Annotated[str, Meta(description="quorum, or classic (durable) above some thousand hosts.")] = "quorum"
    report_queues: Annotated[int, Meta(description="Queues that hosts' reports are spread over.")] = 4
    delivery_limit: Annotated[
        int, Meta(description="Deliveries of one message before it goes to the dead letters.")
    ] = 5
    max_length: Annotated[
        int, Meta(description="Messages one queue may hold; above it publishing is refused and tried again later.")
    ] = 10000
    heartbeat: Annotated[int, Meta(description="Seconds between the AMQP connection's heartbeats.")] = 30
    tls_ca: Annotated[
        str, Meta(description="File of the CA that signed the broker's certificate, for amqps://. Empty: the system's.")
    ] = ""
    tls_cert: Annotated[
        str, Meta(description="File of the certificate that this process shows to the broker. Empty: none.")
    ] = ""
    tls_key: Annotated[str, Meta(description="File of that certificate's key.")] = ""
    management: Annotated[
        str,
        Meta(
            description="RabbitMQ's management API, https://user:password@host:15671, with a user that may administer: the controller makes a broker user for each host, and takes rights away from one that floods. Empty: hosts get a signing key only.",
            extra_json_schema={"secret": True},
        ),
    ] = ""
    agents: Annotated[str, Meta(description="host:port under which agents reach the broker. Empty: as in url.")] = ""
    host_rate: Annotated[
        float, Meta(description="Messages a second that one host may send for long; what is above is dropped unread.")
    ] = 1000.0
    host_burst: Annotated[
        int, Meta(description="Messages that one host may send at once; each 4 KiB of one count as another.")
    ] = 20000
    mute_seconds: Annotated[
        float, Meta(description="Seconds for which a host that sends too much may send nothing.")
    ] = 60.0
    grace_seconds: Annotated[
        float, Meta(description="Seconds for which a host's credential stays valid after a newer one was made.")
    ] = 86400.0


class Api(Group, frozen=True):
    """[api] The HTTP API."""

    listen: Annotated[str, Meta(description="Address to listen on. Loopback unless told otherwise.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on.")] = 8774
    url: Annotated[
        str, Meta(description="URL under which clients and agents reach this API. Empty: made of listen and port.")
    ] = ""
    threads: Annotated[int, Meta(description="Requests served at once.")] = 32
    max_body: Annotated[int, Meta(description="Bytes a JSON body may have.")] = 262144
    max_depth: Annotated[int, Meta(description="Levels a JSON body may be deep.")] = 32
    page: Annotated[int, Meta(description="Entries of a list's page at most.")] = 1000
    token_seconds: Annotated[int, Meta(description="Seconds a token lives.")] = 3600
    policy_file: Annotated[
        str, Meta(description="oslo.policy file that overrides the defaults (YAML). Empty: none.")
    ] = ""


class Images(Group, frozen=True):
    """[images] What images may be."""

    max_bytes: Annotated[int, Meta(description="Bytes an uploaded image may have.")] = 50 * 1024**3
    max_virtual_gib: Annotated[int, Meta(description="GiB an image's virtual disk may have.")] = 2048
    url_seconds: Annotated[int, Meta(description="Seconds an agent may fetch an image with one signed URL.")] = 3600
    cache_gib: Annotated[int, Meta(description="GiB of images that a host keeps cached.")] = 100
    cache_days: Annotated[float, Meta(description="Days an unused image stays cached.")] = 30.0


class Quota(Group, frozen=True):
    """[quota] What a new project may have; -1 is without limit."""

    servers: Annotated[int, Meta(description="Servers.")] = 100
    cores: Annotated[int, Meta(description="Virtual CPUs.")] = 200
    ram: Annotated[int, Meta(description="Memory in MiB.")] = 512000
    keypairs: Annotated[int, Meta(description="Keypairs of one user.")] = 100
    networks: Annotated[int, Meta(description="Networks.")] = 100
    ports: Annotated[int, Meta(description="Ports.")] = 500
    images: Annotated[int, Meta(description="Images.")] = 100
    server_groups: Annotated[int, Meta(description="Server groups.")] = 10
    server_group_members: Annotated[int, Meta(description="Servers of one server group.")] = 10


class Scheduler(Group, frozen=True):
    """[scheduler] How hosts are filled."""

    cpu_ratio: Annotated[float, Meta(description="Virtual CPUs promised for each physical one.")] = 4.0
    ram_ratio: Annotated[float, Meta(description="Memory promised for each physical MiB.")] = 1.0
    disk_ratio: Annotated[float, Meta(description="Disk promised for each physical GiB.")] = 1.0
    policy: Annotated[
        str,
        Meta(
            pattern="^(pack|spread)$",
            description="pack fills hosts in use before empty ones, so that little becomes unusable; spread takes the emptiest. Aggregates and flavors may say otherwise for theirs.",
        ),
    ] = "pack"
    weight_empty: Annotated[
        float,
        Meta(
            ge=-1000,
            le=1000,
            description="What it costs to put the first server on a host, under pack.",
        ),
    ] = 8.0
    weight_fragmentation: Annotated[
        float,
        Meta(
            ge=-1000,
            le=1000,
            description="What it costs that a share of a host becomes unusable, under pack.",
        ),
    ] = 1.0
    weight_cpu: Annotated[
        float,
        Meta(
            ge=-1000,
            le=1000,
            description="What it costs that a share of a host's CPUs stays free; under spread, that it does not. So are the next two.",
        ),
    ] = 0.05
    weight_memory: Annotated[float, Meta(ge=-1000, le=1000, description="The same for memory.")] = 0.5
    weight_disk: Annotated[float, Meta(ge=-1000, le=1000, description="The same for disk.")] = 0.05
    weight_devices: Annotated[
        float,
        Meta(
            ge=-1000,
            le=1000,
            description="What it costs to take a host of free devices for a server that wants none.",
        ),
    ] = 2.0
    weight_servers: Annotated[float, Meta(ge=-1000, le=1000, description="What each server on a host costs.")] = 0.0
    weight_busy: Annotated[
        float,
        Meta(
            ge=-1000,
            le=1000,
            description="What each server costs that is being built on a host.",
        ),
    ] = 0.0
    shards: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Parts that the hosts are divided into, each with one controller at a time that fills it. All controllers have the same number. 1: one controller schedules, the others stand by.",
        ),
    ] = 1


class Devices(Group, frozen=True):
    """[devices] What flavors call the hosts' devices."""

    aliases: Annotated[
        str,
        Meta(
            description='Names for pci_passthrough:alias, a JSON list: [{"name": "gpu", "vendor_id": "10de", "product_id": "1eb8", "numa_policy": "preferred"}]. numa_policy: required, preferred, socket, or legacy where it is left out. Empty: none.'
        ),
    ] = ""


class Controller(Group, frozen=True):
    """[controller] Workflows and hosts."""

    name: Annotated[str, Meta(description="This controller's name. Empty: the machine's.")] = ""
    url: Annotated[
        str,
        Meta(
            description="URL under which agents and other controllers reach this very controller, to fetch images. Empty: made of [api] listen and port where others can reach that address, else [api] url."
        ),
    ] = ""
    batch: Annotated[int, Meta(description="Workflows taken in one transaction.")] = 64
    lease_seconds: Annotated[
        float, Meta(description="Seconds a host may speak after its last heartbeat was answered.")
    ] = 60.0
    workflow_lease_seconds: Annotated[
        float, Meta(description="Seconds a controller holds a workflow while it works on it.")
    ] = 60.0
    scheduler_lease_seconds: Annotated[
        float, Meta(description="Seconds after which another controller schedules when the one that does falls silent.")
    ] = 15.0
    build_seconds: Annotated[
        float, Meta(description="Seconds a server may take to be built before it is given up.")
    ] = 3600.0
    act_seconds: Annotated[
        float, Meta(description="Seconds a start, stop or reboot may take before it is given up.")
    ] = 900.0
    resend_seconds: Annotated[float, Meta(description="Seconds after which an unanswered goal is sent again.")] = 60.0
    poll_seconds: Annotated[float, Meta(description="Seconds between looks for work when nothing woke the loop.")] = 1.0
    outbox_limit: Annotated[
        int, Meta(description="Commands that may wait for an absent broker; above it requests that add some get a 503.")
    ] = 20000
    command_seconds: Annotated[float, Meta(description="Seconds after which an undelivered command is void.")] = 3600.0
    keep_days: Annotated[
        float, Meta(description="Days that deleted servers and images, workflows and timelines are kept.")
    ] = 90.0
    auto_enroll: Annotated[
        bool,
        Meta(
            description="Accept hosts that were never seen before. Turn it off where hosts are enrolled by `toft host enroll`."
        ),
    ] = True
    capacity_jump: Annotated[
        float,
        Meta(
            description="Factor by which a host's report may raise what it has; more is held until `toft host approve`. 0: any may."
        ),
    ] = 2.0


class Agent(Group, frozen=True):
    """[agent] The host's agent."""

    host_id: Annotated[str, Meta(description="This host's uuid. Empty: made once and kept in the state folder.")] = ""
    name: Annotated[str, Meta(description="This host's name. Empty: the machine's.")] = ""
    keys: Annotated[
        str,
        Meta(
            description="Keys that commands to this host are signed with, as `toft host enroll` gives them: id:hex, several with a blank between. Empty: only what is not signed is taken.",
            extra_json_schema={"secret": True},
        ),
    ] = ""
    boot_id: Annotated[str, Meta(description="This boot's id. Empty: the kernel's.")] = ""
    driver: Annotated[str, Meta(description="libvirt, or memory (pretends; for labs and tests).")] = "libvirt"
    workers: Annotated[int, Meta(description="Calls on the hypervisor made at once.")] = 4
    heartbeat_seconds: Annotated[float, Meta(description="Seconds between heartbeats.")] = 10.0
    inventory_seconds: Annotated[float, Meta(description="Seconds between inventories; a change is sent at once.")] = (
        60.0
    )
    states_seconds: Annotated[float, Meta(description="Seconds between full lists of domains.")] = 20.0
    usage_seconds: Annotated[float, Meta(description="Seconds between measurements of use.")] = 30.0
    chores_seconds: Annotated[
        float, Meta(description="Seconds between looks for images, addresses and networks that nobody needs.")
    ] = 3600.0
    shutdown_seconds: Annotated[
        float, Meta(description="Seconds a guest may take to power off before its power is cut.")
    ] = 60.0
    tries: Annotated[int, Meta(description="Times a goal is tried before it is reported as failed.")] = 3
    repairs_per_minute: Annotated[
        int,
        Meta(
            description="Lost domains built again, and deleted ones deleted again, that nobody asked for: so many in a minute at most, the others wait."
        ),
    ] = 5
    returns_at_once: Annotated[
        int, Meta(description="Guests started in any ten seconds after this host's restart; the others wait.")
    ] = 4
    crash_restarts: Annotated[
        int,
        Meta(description="Times a guest whose QEMU crashed is started again within crash_seconds; then it stays off."),
    ] = 3
    crash_seconds: Annotated[float, Meta(description="Seconds within which a guest's crashes are counted.")] = 600.0
    reserved_cpus: Annotated[int, Meta(description="Physical CPUs that guests never get.")] = 0
    reserved_memory_mib: Annotated[int, Meta(description="Memory in MiB that guests never get.")] = 1024
    reserved_disk_gib: Annotated[
        int, Meta(description="Disk in GiB that guests never get; the image cache lives in it.")
    ] = 10
    overhead_mib: Annotated[int, Meta(description="Memory in MiB that QEMU itself takes for each guest.")] = 64


class Compute(Group, frozen=True):
    """[compute] How a host's CPUs are shared out."""

    dedicated_cpus: Annotated[
        str,
        Meta(
            description="CPUs that are given to single vCPUs of guests that ask for dedicated ones, as in 2-15,^8; all other guests run on the rest. Name all threads of a core. Empty: none, and guests share all CPUs."
        ),
    ] = ""


class Libvirt(Group, frozen=True):
    """[libvirt] The hypervisor."""

    uri: Annotated[str, Meta(description="Connection URI.")] = "qemu:///system"
    virt_type: Annotated[str, Meta(description="auto proves KVM before it uses it; kvm or qemu insist.")] = "auto"
    network: Annotated[
        str,
        Meta(
            description="auto, bridge (libvirt networks and taps), or user (user-mode networking, where taps are refused)."
        ),
    ] = "auto"
    call_seconds: Annotated[
        float, Meta(description="Seconds a call on libvirt may take before it is abandoned with its connection.")
    ] = 60.0
    vnc_listen: Annotated[str, Meta(description="Address that guests' VNC listens on.")] = "127.0.0.1"
    ssh_ports: Annotated[
        str, Meta(description="Ports of loopback forwarded to guests' SSH in user-mode networking, first-last.")
    ] = "20022-20999"


class Notifications(Group, frozen=True):
    """[notifications] What the world outside is told, by oslo.messaging."""

    enabled: Annotated[bool, Meta(description="Publish versioned notifications of servers and hosts.")] = False
    url: Annotated[
        str,
        Meta(
            description="rabbit://user:password@host:5672/vhost. Empty: the broker of [bus].",
            extra_json_schema={"secret": True},
        ),
    ] = ""
    topic: Annotated[str, Meta(description="Topic that is published to.")] = "versioned_notifications"
    keep_hours: Annotated[float, Meta(description="Hours that a notification waits for an absent broker.")] = 24.0
    limit: Annotated[int, Meta(description="Notifications that may wait; above it the oldest are dropped.")] = 100000


class Logs(Group, frozen=True):
    """[logs] What is logged."""

    level: Annotated[str, Meta(description="DEBUG, INFO, WARNING or ERROR.")] = "INFO"
    file: Annotated[str, Meta(description="File to log to. Empty: standard error.")] = ""


class Metrics(Group, frozen=True):
    """[metrics] What Prometheus reads, on an address of its own."""

    listen: Annotated[
        str,
        Meta(description="Address to listen on. It asks for no password: keep it to loopback or a network of yours."),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on. 0: there is no such endpoint.")] = 0


_NOT_FOR_OTHERS = ("", "127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "*")  # noqa: S104 (compared, not bound)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All groups; each field is a section of the file."""

    state: State = State()
    database: Database = Database()
    bus: Bus = Bus()
    api: Api = Api()
    images: Images = Images()
    quota: Quota = Quota()
    scheduler: Scheduler = Scheduler()
    devices: Devices = Devices()
    controller: Controller = Controller()
    agent: Agent = Agent()
    compute: Compute = Compute()
    libvirt: Libvirt = Libvirt()
    notifications: Notifications = Notifications()
    logs: Logs = Logs()
    metrics: Metrics = Metrics()

    @property
    def database_url(self) -> str:
        """Give the database's URL, SQLite in the state folder by default."""
        return self.database.url or f"sqlite:///{Path(self.state.path) / 'toft.sqlite'}"

    @property
    def api_url(self) -> str:
        """Give the URL of the API as clients and agents reach it, without a slash at the end."""
        return self.api.url.rstrip("/") or f"http://{self.api.listen}:{self.api.port}"

    @property
    def controller_url(self) -> str:
        """Give the URL of this very controller, as agents and other controllers reach it, without a slash at the end."""
        if self.controller.url:
            return self.controller.url.rstrip("/")
        return self.api_url if self.api.listen in _NOT_FOR_OTHERS else f"http://{self.api.listen}:{self.api.port}"

    @property
    def keys_folder(self) -> Path:
        """Give the folder of the controllers' keys."""
        return Path(self.state.keys or Path(self.state.path) / "keys")


def load(files: Sequence[str] = ()) -> Settings:
    """Read settings from files, later ones winning; without any, from /etc/toft/toft.conf if it is there.

    oslo.config does it in a process of its own: its 9 MB are needed once.

    :raises SettingsError: a file cannot be read or a value does not fit; names the file or the option.
    """
    return apart(partial(_read, tuple(files)))


def _read(files: Sequence[str]) -> Settings:
    from common import settings_file

    return settings_file.read(files)
