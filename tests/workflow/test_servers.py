"""The road of servers through workflows, outbox, bus and inbox, with model hosts at its end."""

import pytest
from msgspec.structs import replace

from common import errors, wire
from common.model.host import HostState
from common.model.network import Port
from common.model.server import NetworkAsk
from common.states import Power, State
from controller.db import hosts, images, networks, ports, servers, tables, timeline, workflows
from tests.doubles.project import IMAGE, NETWORK, PROJECT, SUBNET
from tests.workflow.scene import HOSTS, Scene


def outcomes(scene: Scene, server: str) -> list[tuple[str, str]]:
    with scene.store.read() as tx:
        return [(m.step, m.outcome) for m in timeline.of_subject(tx, server)]


def fault(scene: Scene) -> tuple[str, str]:
    (server,) = scene.servers()
    assert server.fault is not None
    return server.fault.code, server.fault.message


def test_a_create_tells_its_steps(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    steps = ["claim", "network", "build"]
    assert outcomes(scene, server.id) == [
        *((step, "done") for step in steps),
        ("settle", "waiting"),
        ("settle", "done"),
        ("open", "done"),
    ]
    (server,) = scene.servers()
    assert (server.state, server.seen) == (State.ACTIVE, Power.ON)
    assert server.launched_at is not None
    assert server.hardware is not None
    assert server.hardware.machine == "pc-q35-7.2"


def notes(scene: Scene, server: str) -> list[tuple[str, str]]:
    with scene.store.read() as tx:
        return [
            (m.kind, m.detail) for m in timeline.of_subject(tx, server) if (m.step, m.outcome) == ("settle", "done")
        ]


def test_what_a_host_notes_for_users_is_in_the_timeline(scene: Scene) -> None:
    for agent in scene.agents:
        agent.notes = {"ssh": "127.0.0.1:20022"}
    (server,) = scene.create()
    scene.settle()
    assert notes(scene, server.id) == [("server.create", "ssh: 127.0.0.1:20022")]


def test_a_guest_that_its_host_brought_back_is_told_where_that_is_news(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    (agent,) = (agent for agent in scene.agents if server.id in agent.memory.domains)
    goal = agent.memory.goals[server.id]
    for port in ("20022", "20022", "20023"):
        agent.notes = {"ssh": f"127.0.0.1:{port}"}
        agent.converge(goal)
        scene.settle()
    returns = [("server.return", "ssh: 127.0.0.1:20022"), ("server.return", "ssh: 127.0.0.1:20023")]
    assert notes(scene, server.id) == [("server.create", ""), *returns]


def test_no_host_is_an_error_with_the_schedulers_reason(scene: Scene) -> None:
    with scene.store.tx() as tx:
        for host in HOSTS:
            tx.change(tables.host, [{"id": host, "enabled": False}])
    scene.create()
    scene.settle()
    code, message = fault(scene)
    assert code == "no-valid-host"
    assert message.startswith("No valid host")
    scene.audit()


def test_a_guest_goes_only_where_its_machine_is(scene: Scene) -> None:
    with scene.store.tx() as tx:
        tx.change(tables.image, [{"id": IMAGE, "properties": {"hw_machine_type": "pc"}}])
        tx.change(tables.host, [{"id": HOSTS[1], "features": ["machine:pc"]}])
    scene.create()
    scene.settle()
    with scene.store.tx() as tx:
        tx.change(tables.host, [{"id": HOSTS[1], "enabled": False, "generation": 99}])
    scene.create()
    scene.settle()
    assert [(s.host_id, s.state) for s in scene.servers()] == [(HOSTS[1], State.ACTIVE), (None, State.ERROR)]
    assert "machine:pc" in str(scene.servers()[1].fault)


def test_a_host_that_cannot_build_leaves_nothing_behind(scene: Scene) -> None:
    (server,) = scene.create()
    for agent in scene.agents:
        agent.refuses.add(server.id)
    scene.settle()
    assert fault(scene) == ("hypervisor", "disk is full")
    assert [s.host_id for s in scene.servers()] == [None]
    scene.audit()
    scene.delete(server.id)
    scene.settle()
    assert scene.states() == [State.DELETED]
    scene.audit()


def test_a_delete_wins_over_a_build_at_its_next_step(scene: Scene) -> None:
    (server,) = scene.create()
    scene.runner.turn()
    scene.relay.turn()
    scene.clock.advance(1)
    scene.delete(server.id)
    scene.settle()
    assert scene.states() == [State.DELETED]
    assert scene.domains() == {}
    with scene.store.read() as tx:
        assert [w.state for w in workflows.of_subject(tx, server.id)] == ["done", "superseded"]
    scene.audit()


def test_a_delete_before_any_step_needs_no_host(scene: Scene) -> None:
    (server,) = scene.create()
    scene.delete(server.id)
    scene.settle()
    assert scene.states() == [State.DELETED]
    scene.audit()


def test_a_server_of_a_dead_host_is_gone_for_its_tenant_and_its_claim_stays(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    (home,) = [agent for agent in scene.agents if agent.memory.domains]
    scene.agents.remove(home)
    scene.delete(server.id)
    scene.settle(until=lambda: scene.states() == [State.DELETED])
    assert scene.live() != []
    assert scene.used("servers") == scene.used("ports") == 0
    assert scene.count(tables.port) == 1, "a guest may still use its address"
    for _ in range(3):
        scene.clock.advance(61)
        scene.runner.turn()
    assert scene.used("ports") == 0
    home.welcomes.clear()
    scene.agents.append(home)
    home.say("hello", home.hello())
    scene.settle()
    assert home.memory.domains == set()
    scene.audit()


def test_a_build_that_never_ends_is_given_up_at_its_deadline(scene: Scene) -> None:
    scene.create()
    silent, scene.agents = scene.agents, []
    scene.settle(rounds=200, until=lambda: scene.states() == [State.ERROR])
    code, message = fault(scene)
    assert (code, message.split()[0]) == ("deadline", "settle")
    scene.agents = silent
    for agent in silent:
        agent.say("hello", agent.hello())
    scene.settle()
    scene.audit()


def test_an_unanswered_goal_is_sent_again(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()
    scene.relay.turn()
    for agent in scene.agents:  # the host loses what it was told
        agent.commands.ack([d.tag for d in agent.commands.receive(0)])
    scene.settle()
    assert scene.states() == [State.ACTIVE]
    scene.audit()


def test_a_deleted_image_fails_the_build(scene: Scene) -> None:
    scene.create()
    with scene.store.tx() as tx:
        images.save(tx, replace(images.get(tx, [IMAGE])[IMAGE], digest=None))
    scene.settle()
    assert fault(scene) == ("not-found", "the image was deleted before the server was built")
    scene.audit()


def test_given_ports_are_bound_and_stay_when_the_server_goes(scene: Scene) -> None:
    with scene.store.tx() as tx:
        wish = ports.PortWish(network_id=NETWORK, project_id=PROJECT, name="mine")
        (port,) = ports.allocate(tx, [wish], now=scene.clock.now(), ids=scene.ids, limits=scene.settings.quota)
    assert isinstance(port, Port)
    (server,) = scene.create(asks=(NetworkAsk(port_id=port.id), NetworkAsk(network_id=NETWORK)))
    scene.settle()
    with scene.store.read() as tx:
        nics = ports.of_servers(tx, [server.id])[server.id]
    (server,) = scene.servers()
    assert [(p.id == port.id, p.host_id, p.made_by_server) for p in nics] == [
        (True, server.host_id, False),
        (False, server.host_id, True),
    ]
    scene.audit()
    scene.delete(server.id)
    scene.settle()
    with scene.store.read() as tx:
        left = ports.find(tx, port.id)
    assert left is not None
    assert replace(left, updated_at=port.updated_at) == port


@pytest.mark.parametrize("theft", ["deleted", "taken"])
def test_a_port_lost_before_the_build_fails_it(scene: Scene, theft: str) -> None:
    with scene.store.tx() as tx:
        wish = ports.PortWish(network_id=NETWORK, project_id=PROJECT)
        (port,) = ports.allocate(tx, [wish], now=scene.clock.now(), ids=scene.ids, limits=scene.settings.quota)
    assert isinstance(port, Port)
    scene.create(asks=(NetworkAsk(network_id=NETWORK), NetworkAsk(port_id=port.id)))
    with scene.store.tx() as tx:
        if theft == "deleted":
            ports.delete(tx, [port], scene.clock.now())
        else:
            ports.save(tx, [replace(port, device_id="a-router", device_owner="network:router")])
    scene.settle()
    assert fault(scene)[0] == ("not-found" if theft == "deleted" else "conflict")
    scene.audit()


def test_no_address_left_fails_one_and_stops_nobody(scene: Scene) -> None:
    with scene.store.tx() as tx:
        tx.change(tables.subnet, [{"id": SUBNET, "pools": [["10.0.0.2", "10.0.0.2"]]}])
    scene.create(2)
    scene.settle()
    assert sorted(scene.states()) == [State.ACTIVE, State.ERROR]
    scene.audit()


def test_a_network_without_subnet_is_a_bare_wire(scene: Scene) -> None:
    now = scene.clock.now()
    with scene.store.tx() as tx:
        net = replace(networks.get(tx, [NETWORK])[NETWORK], id="66666666-6666-4666-8666-666666666666", created_at=now)
        networks.add(tx, net)
    (server,) = scene.create(asks=(NetworkAsk(network_id=net.id),))
    scene.settle()
    (goal,) = [a.memory.goals[server.id] for a in scene.agents if server.id in a.memory.goals]
    assert [(p.network.cidr, p.network.dhcp, p.address) for p in goal.ports] == [("", False, None)]


def test_the_config_drive_tells_what_the_tenant_said(scene: Scene) -> None:
    (server,) = scene.create(metadata={"role": "db"}, user_data="I2Nsb3VkLWNvbmZpZw==")
    with scene.store.tx() as tx:
        servers.save(tx, [replace(server, key_name="k", public_key="ssh-ed25519 AAAA")])
    scene.settle()
    (goal,) = [a.memory.goals[server.id] for a in scene.agents if server.id in a.memory.goals]
    assert goal.drive is not None
    assert (goal.drive.hostname, goal.drive.metadata, goal.drive.keys) == (
        "vm",
        {"role": "db"},
        {"k": "ssh-ed25519 AAAA"},
    )


def test_a_server_without_config_drive_gets_none(scene: Scene) -> None:
    (server,) = scene.create()
    with scene.store.tx() as tx:
        servers.save(tx, [replace(server, config_drive=False)])
    scene.settle()
    (goal,) = [a.memory.goals[server.id] for a in scene.agents if server.id in a.memory.goals]
    assert goal.drive is None


def test_a_silent_host_is_not_sent_the_same_for_ever(scene: Scene) -> None:
    scene.create()
    silent, scene.agents = scene.agents, []
    scene.settle(until=lambda: scene.clock.monotonic() > 600)
    sent = [d for agent in silent for d in agent.commands.receive(0)]
    assert len(sent) == 1
    for agent in silent:
        agent.commands.release([d.tag for d in sent])
    scene.agents = silent
    for agent in silent:
        agent.say("hello", agent.hello())
    scene.settle()
    assert scene.states() == [State.ACTIVE]


def test_stop_start_and_reboot_show_their_states(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    for verb, state in (("stop", State.SHUTOFF), ("start", State.ACTIVE), ("hard reboot", State.ACTIVE)):
        scene.act(verb, server.id)  # type: ignore[arg-type]
        scene.settle()
        assert scene.states() == [state]
    (goal,) = [a.memory.goals[server.id] for a in scene.agents if server.id in a.memory.goals]
    assert (goal.restart, goal.generation) == ("hard", 4)
    scene.audit()


def test_a_second_action_beside_a_live_one_is_refused(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    scene.act("stop", server.id)
    with pytest.raises(errors.Conflict):
        scene.act("stop", server.id)


def test_an_action_that_fails_is_an_error_and_can_be_tried_again(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    for agent in scene.agents:
        agent.refuses.add(server.id)
    scene.act("stop", server.id)
    scene.settle()
    assert fault(scene) == ("hypervisor", "disk is full")
    for agent in scene.agents:
        agent.refuses.clear()
    scene.act("stop", server.id)
    scene.settle()
    assert [(s.state, s.fault) for s in scene.servers()] == [(State.SHUTOFF, None)]
    scene.audit()


def test_an_action_on_a_server_without_host_fails(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    scene.act("stop", server.id)
    with scene.store.tx() as tx:
        servers.save(tx, [replace(servers.get(tx, [server.id])[server.id], host_id=None)])
    scene.settle()
    assert fault(scene)[0] == "no-host"


def test_silent_hosts_are_down_and_deaf_ones_are_told_apart(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.clock.advance(61)
    scene.agents[0].say("usage", wire.Usage(cpu_percent=1.0, memory_used_mib=1, disk_free_gib=1))
    scene.inbox.turn()  # type: ignore[union-attr]
    assert scene.watch.turn() == 2
    assert ("host-0" in caplog.text, "is deaf" in caplog.text) == (True, True), "operators see both"
    with scene.store.read() as tx:
        assert [h.state for h in hosts.listing(tx)] == [HostState.DEAF, HostState.DOWN]
    assert scene.watch.turn() == 0
    for agent in scene.agents:
        agent.heartbeat()
    scene.settle()
    with scene.store.read() as tx:
        assert [h.state for h in hosts.listing(tx)] == [HostState.UP, HostState.UP]
    assert [lease.beat for agent in scene.agents for lease in agent.leases] == [1, 1]
