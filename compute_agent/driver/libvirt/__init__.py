"""Guests by libvirt and QEMU. The only room that imports libvirt, or names a hypervisor."""

from compute_agent.driver.libvirt.driver import LibvirtDriver, make

__all__ = ["LibvirtDriver", "make"]
