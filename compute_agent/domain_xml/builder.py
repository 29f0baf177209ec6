"""Author a guest's XML whole from its goal, and a network's: the only place with opinions (see defaults.py)."""

import ipaddress

from common import cpu_list, errors
from common.guest import Guest
from common.ids import bridge_name
from common.wire import Goal, NetworkGoal, PortGoal
from compute_agent.domain_xml import build_cpus, user_networks
from compute_agent.domain_xml import domain as shapes
from compute_agent.domain_xml import network as nets
from compute_agent.domain_xml.build_devices import WINDOWS, DeviceBuilder
from compute_agent.domain_xml.defaults import DEFAULTS
from compute_agent.domain_xml.hardware import Kept
from compute_agent.domain_xml.host import GuestFiles, HostFacts
from compute_agent.placement import seat


def domain(goal: Goal, host: HostFacts, files: GuestFiles) -> shapes.Domain:
    """Author a server's domain. Hardware that the goal knows is kept; the rest follows the defaults.

    :raises HypervisorError: the host has no such machine, or not what the placement names; or no PCI slot is left.
    :raises BadRequest: the goal says nothing of the guest, or contradicts itself.
    """
    guest = goal.guest
    if guest is None:
        raise errors.BadRequest(f"the goal of server {goal.server} has no guest to build")
    kept = Kept(goal.hardware)
    place = seat(guest, goal.placement, host.cells)
    machine = kept.machine or _machine(guest, host)
    inside = goal.ports if host.networks == "user" else ()
    return shapes.Domain(
        type=host.virt_type,
        name=goal.server,
        uuid=goal.server,
        mark=shapes.Mark(id=goal.server, generation=goal.generation),
        memory=guest.memory_mib * 1024,
        memory_unit="KiB",
        backing=build_cpus.backing(guest),
        vcpus=guest.vcpus,
        placement="static",
        cpuset=cpu_list.text(place.emulator) or None,
        cpu_tune=build_cpus.cpu_tune(place),
        numa_tune=build_cpus.numa_tune(guest, place),
        sysinfo=_sysinfo(goal.server),
        os=shapes.Os(arch=host.arch, machine=machine, smbios="sysinfo"),
        features=_features(guest, host),
        cpu=_cpu(guest, host, kept),
        clock=_clock(guest, host),
        on_poweroff=DEFAULTS.on_poweroff,
        on_reboot=DEFAULTS.on_reboot,
        on_crash=DEFAULTS.on_crash,
        devices=DeviceBuilder(goal, guest, host, files, kept, machine).build(),
        command_line=user_networks.command_line(inside),
        override=user_networks.override(inside),
    )


def _machine(guest: Guest, host: HostFacts) -> str:
    """Give the versioned machine: the newest that an alias stands for, or the one that was asked for."""
    wanted = guest.machine or DEFAULTS.machine
    if wanted in host.machines:
        return host.machines[wanted]
    if "-" not in wanted:
        raise errors.HypervisorError(f"this host has no machine {wanted}; it has {', '.join(sorted(host.machines))}")
    return wanted


def _sysinfo(server: str) -> shapes.SysInfo:
    lines = {"manufacturer": DEFAULTS.manufacturer, "product": DEFAULTS.product, "serial": server, "uuid": server}
    return shapes.SysInfo(system=tuple(shapes.Entry(name=name, value=value) for name, value in lines.items()))


def _features(guest: Guest, host: HostFacts) -> shapes.Features:
    hyperv = _hyperv() if guest.os_type == WINDOWS and host.virt_type == "kvm" else None
    return shapes.Features(acpi=DEFAULTS.acpi, apic=DEFAULTS.apic, hyperv=hyperv, vmport=DEFAULTS.vmport)


def _hyperv() -> shapes.HyperV:
    return shapes.HyperV(
        mode="custom",
        relaxed=True,
        vapic=True,
        spinlocks=True,
        retries=DEFAULTS.hyperv_retries,
        vpindex=True,
        runtime=True,
        synic=True,
        stimer=True,
        frequencies=True,
        tlbflush=True,
        ipi=True,
    )


def _cpu(guest: Guest, host: HostFacts, kept: Kept) -> shapes.Cpu:
    """Choose the CPU: under TCG the one that works there, else the one it has, else the default."""
    mode = DEFAULTS.cpu_kvm if host.virt_type == "kvm" else DEFAULTS.cpu_tcg
    chosen = kept.cpu if kept.cpu and host.virt_type == "kvm" else None
    known = chosen or shapes.Cpu(mode=mode)
    return shapes.Cpu(
        mode=known.mode,
        model=known.model,
        check=known.check,
        topology=build_cpus.topology(guest),
        cells=build_cpus.cells(guest),
    )


def _clock(guest: Guest, host: HostFacts) -> shapes.Clock:
    timers: tuple[shapes.Timer, ...] = (
        shapes.Timer(name="rtc", tickpolicy=DEFAULTS.rtc),
        shapes.Timer(name="pit", tickpolicy=DEFAULTS.pit),
        shapes.Timer(name="hpet", present=DEFAULTS.hpet),
    )
    if guest.os_type != WINDOWS:
        return shapes.Clock(offset=DEFAULTS.clock, timers=timers)
    if host.virt_type == "kvm":
        timers += (shapes.Timer(name="hypervclock", present=True),)
    return shapes.Clock(offset=DEFAULTS.clock_windows, timers=timers)


def network(net: NetworkGoal, ports: tuple[PortGoal, ...] = ()) -> nets.Network:
    """Author a host-local network; ``ports`` are those whose addresses its DHCP knows from the start.

    With a gateway the bridge has its address and leads out by NAT; without one it is isolated, and DHCP is silent.
    """
    return nets.Network(
        name=f"toft-{net.id}",
        uuid=net.id,
        mark=nets.NetworkMark(id=net.id),
        forward="nat" if net.gateway else None,
        bridge=bridge_name(net.id),
        stp=True,
        delay=0,
        mtu=net.mtu,
        ips=(_ip(net, net.gateway, ports),) if net.gateway else (),
        dnsmasq=_dns_option(net),
    )


def _ip(net: NetworkGoal, gateway: str, ports: tuple[PortGoal, ...]) -> nets.Ip:
    hosts = tuple(nets.Host(mac=port.mac, ip=port.address) for port in ports if port.address)
    dhcp = nets.Dhcp(hosts=hosts) if net.dhcp else None
    subnet = ipaddress.ip_network(net.cidr)
    return nets.Ip(family=f"ipv{subnet.version}", address=gateway, prefix=subnet.prefixlen, dhcp=dhcp)


def _dns_option(net: NetworkGoal) -> nets.DnsmasqOptions | None:
    """Hand the network's DNS servers to its guests; without any, they ask the gateway."""
    if not (net.serves_dhcp and net.dns):
        return None
    line = f"dhcp-option=option:dns-server,{','.join(net.dns)}"
    return nets.DnsmasqOptions(lines=(nets.DnsmasqOption(value=line),))
