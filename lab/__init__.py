"""A fleet on one machine: the real processes, on hosts that are namespaces, killed and watched like a real one.

up, down      make a lab; leave nothing of it
run           the process that keeps a lab; keeper starts each part, and again when it dies
parts         what a lab is made of, in the order in which it starts
burst         kills one part in the middle of creates and deletes; watched says when it works again
chaos         breaks a lab, and checks that it lost nothing
"""
