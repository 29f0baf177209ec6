"""The session walked through every kind of message, and through time."""

from datetime import timedelta

import msgspec
import pytest

from common import errors, wire
from common.states import Power
from compute_agent.driver.contract import DomainEvent
from compute_agent.session import HERE
from tests.doubles.agent import HOST, IMAGE, FakeController, Host, goal, server_id

S1 = server_id(1)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def controller(host: Host) -> FakeController:
    return FakeController(host)


def build(controller: FakeController, number: int = 1) -> None:
    controller.want(goal(number))
    controller.host.settle()


def last(host: Host, kind: str) -> object:
    return host.bodies(kind)[-1]


class TestHandshake:
    def test_the_hello_tells_what_the_host_has(self, host: Host, controller: FakeController) -> None:
        host.driver.strangers.add("stranger")
        host.session.start()
        host.settle()
        hello = controller.hello()
        assert (hello.name, hello.boot_id, hello.present, hello.strangers) == ("host-1", "boot-1", (), ("stranger",))
        assert hello.inventory.cpus == 16
        assert [event.kind for event in host.said] == ["hello"]

    def test_nothing_is_consumed_before_the_welcome(self, host: Host, controller: FakeController) -> None:
        host.session.start()
        host.settle()
        controller.want(goal(1))
        host.settle()
        assert host.driver.domains == {}
        assert host.journal.entry(S1) is None
        controller.answer()
        host.settle()
        assert host.driver.power(S1) is Power.ON
        stale = [event for event in host.said if event.kind == "stale"]
        assert [(event.server, event.generation) for event in stale] == [(S1, 1)]

    def test_only_the_hello_leaves_before_the_welcome(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.kill()
        host.session.start()
        before = len(host.said)
        host.settle()
        host.driver.power_off(S1)
        host.settle()
        assert [event.kind for event in host.said[before:]] == ["hello"]
        controller.answer()
        power = [event for event in host.settle() if event.kind == "power"]
        assert [(event.host_epoch, wire.body_of(event).power) for event in power] == [(2, Power.OFF)]

    def test_a_welcome_to_another_hello_is_passed_over(self, host: Host, controller: FakeController) -> None:
        host.session.start()
        host.settle()
        other = wire.Welcome(hello="other", epoch=7, lease_seconds=60, wanted=(), at=host.clock.now())
        host.session.take([controller.command("welcome", other)])
        assert host.session.epoch is None

    @pytest.mark.parametrize("late", [0, 1], ids=["at its very end", "after it"])
    def test_a_welcome_that_comes_after_its_lease_lets_nobody_in(
        self, host: Host, controller: FakeController, late: int
    ) -> None:
        """As after a SIGSTOP: nothing is begun under it, and the next hello is said."""
        host.session.start()
        host.settle()
        controller.goals[S1] = goal(1)
        host.clock.advance(controller.lease_seconds + late)
        controller.answer()
        assert host.session.epoch is None
        assert host.lanes.lanes() == ["report:hello"]
        host.settle()
        assert len(host.bodies("hello")) == 2
        controller.answer()
        host.settle()
        assert host.driver.power(S1) is Power.ON

    def test_an_unanswered_hello_is_said_again_ever_more_seldom(self, host: Host, controller: FakeController) -> None:
        host.session.start()
        host.settle(100)
        ids = [hello.id for hello in host.bodies("hello")]
        assert len(ids) == len(set(ids)) == 3
        controller.answer()
        assert host.session.epoch == 1

    def test_an_epoch_that_goes_back_is_accepted_with_an_alarm(
        self, host: Host, controller: FakeController, caplog: pytest.LogCaptureFixture
    ) -> None:
        controller.epoch = 5
        controller.welcome()
        host.kill()
        controller.epoch = 2
        controller.welcome()
        assert host.session.epoch == 3
        assert "set back" in caplog.text

    def test_a_hypervisor_that_is_away_is_waited_for(self, host: Host, controller: FakeController) -> None:
        host.driver.fail("connect", errors.HypervisorError("no socket"), errors.HypervisorError("no socket"))
        host.session.start()
        assert host.settle(15) == []
        host.settle(15)
        assert controller.hello().inventory.cpus == 16

    def test_a_broken_driver_ends_the_session(self, host: Host) -> None:
        host.driver.fail("inventory", ZeroDivisionError())
        host.session.start()
        with pytest.raises(ZeroDivisionError):
            host.settle()


class TestLease:
    def test_answered_heartbeats_keep_the_lease(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.live(200)
        assert (host.session.epoch, host.session.losses, len(host.bodies("hello"))) == (1, 0, 1)

    def test_without_an_answer_for_a_lease_the_host_introduces_itself_again(
        self, host: Host, controller: FakeController
    ) -> None:
        controller.welcome()
        host.settle(70)
        assert (host.session.epoch, host.session.losses, len(host.bodies("hello"))) == (None, 1, 2)
        controller.answer()
        assert host.session.epoch == 2

    def test_no_step_is_begun_once_the_lease_has_ended(self, host: Host, controller: FakeController) -> None:
        controller.lease_seconds = 30
        controller.welcome()
        build(controller)
        host.driver.domains[S1].stubborn = True
        controller.want(goal(1, 2, restart="soft"))
        host.settle(100)
        assert host.session.epoch is None
        assert host.driver.calls["destroy"] == 0
        before = len(host.said)
        controller.live(65)
        assert host.driver.domains[S1].boots == 2
        settled = [event for event in host.said[before:] if event.kind == "settled"]
        assert {event.generation for event in settled} == {2}
        assert {event.host_epoch for event in settled} == {controller.epoch}

    def test_an_answer_that_comes_after_the_lease_begins_no_step(self, host: Host, controller: FakeController) -> None:
        """As after a SIGSTOP: what waited in the queue is read before the clock is."""
        controller.welcome()
        controller.want(goal(1))
        host.clock.advance(1000)
        lane = host.lanes.lanes()[0]
        host.session.answered(*host.lanes.step(lane))
        assert [name for name in host.lanes.lanes() if not name.startswith("report:")] == []
        assert host.session.losses == 1
        controller.live(5)
        assert host.driver.power(S1) is Power.ON

    def test_a_hello_says_how_many_went_unanswered(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.settle(120)
        assert [body.unanswered for body in host.bodies("hello")] == [0, 1, 2]  # type: ignore[attr-defined]
        controller.answer()
        host.settle(70)
        assert controller.hello().unanswered == 1

    def test_a_lease_for_an_unknown_heartbeat_changes_nothing(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        lease = wire.Lease(beat=99, lease_seconds=1e6, at=host.clock.now())
        host.session.take([controller.command("lease", lease)])
        host.settle(70)
        assert host.session.losses == 1


class TestGoals:
    def test_on(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        assert host.driver.power(S1) is Power.ON
        settled = last(host, "settled")
        assert isinstance(settled, wire.Settled)
        assert settled.power is Power.ON
        assert settled.hardware is not None
        event = next(event for event in host.said if event.kind == "settled")
        assert (event.server, event.generation, event.request_id, event.host_epoch) == (S1, 1, "req-1", 1)

    def test_gone_leaves_nothing(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        controller.want(wire.Goal(server=S1, generation=2, power=Power.GONE))
        host.settle()
        driver = host.driver
        assert [driver.domains, driver.disks, driver.drives, driver.networks, driver.ports] == [{}] * 5
        assert last(host, "settled") == wire.Settled(power=Power.GONE)
        entry = host.journal.entry(S1)
        assert entry is not None
        assert entry.tombstone

    def test_what_could_not_be_removed_is_tried_again_whenever_it_is_asked_for(
        self, host: Host, controller: FakeController
    ) -> None:
        controller.welcome()
        build(controller)
        host.driver.fail("remove_files", *[errors.HypervisorError("the disk is busy")] * host.settings.tries)
        gone = wire.Goal(server=S1, generation=2, power=Power.GONE)
        controller.want(gone)
        host.settle(30)
        assert isinstance(last(host, "failed"), wire.Failed)
        controller.want(gone)
        host.settle()
        assert last(host, "settled") == wire.Settled(power=Power.GONE)
        assert host.driver.disks == {}

    def test_a_network_that_another_server_uses_stays(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller, 1)
        build(controller, 2)
        controller.want(goal(1, 2, Power.GONE))
        host.settle()
        assert len(host.driver.networks) == 1
        assert host.driver.power(server_id(2)) is Power.ON

    def test_off_asks_the_guest_then_cuts_its_power(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains[S1].stubborn = True
        controller.want(goal(1, 2, Power.OFF))
        host.settle(30)
        assert host.driver.power(S1) is Power.ON
        controller.live(40)
        assert host.driver.power(S1) is Power.OFF
        assert host.driver.calls["destroy"] == 1

    def test_a_guest_that_still_boots_is_asked_again(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains[S1].stubborn = True
        controller.want(goal(1, 2, Power.OFF))
        host.settle(15)
        host.driver.domains[S1].stubborn = False
        host.settle(10)
        assert host.driver.power(S1) is Power.OFF
        assert (host.driver.calls["shutdown"], host.driver.calls["destroy"]) == (3, 0)

    @pytest.mark.parametrize(("restart", "asked"), [("soft", 1), ("hard", 0)])
    def test_a_restart_is_done_once(self, host: Host, controller: FakeController, restart: str, asked: int) -> None:
        controller.welcome()
        build(controller)
        controller.want(goal(1, 2, restart=restart))
        host.settle(2)
        assert (host.driver.domains[S1].boots, host.driver.calls["shutdown"]) == (2, asked)
        controller.send(goal(1, 2, restart=restart))
        host.settle(2)
        assert host.driver.domains[S1].boots == 2

    def test_a_repeat_is_answered_from_the_journal(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        calls = host.driver.calls.total()
        controller.send(goal(1))
        said = host.settle()
        assert [event.kind for event in said] == ["settled"]
        assert host.driver.calls.total() == calls

    def test_an_older_goal_is_dropped(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1, 2, Power.GONE))
        host.settle()
        controller.send(goal(1, 1))
        assert host.settle() == []
        assert host.driver.domains == {}

    def test_a_stale_epoch_is_told_and_nothing_done(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.settle()
        controller.send(goal(1), epoch=0)
        assert [(event.kind, event.generation) for event in host.settle()] == [("stale", 1)]
        assert host.driver.domains == {}

    def test_what_came_too_late_is_dropped_by_controller_time(self, host: Host, controller: FakeController) -> None:
        host.session.start()
        host.settle()
        ahead = host.clock.now() + timedelta(hours=2)
        welcome = wire.Welcome(hello=controller.hello().id, epoch=1, lease_seconds=60, wanted=(), at=ahead)
        host.session.take([controller.command("welcome", welcome)])
        controller.epoch = 1
        host.session.take([controller.command("converge", goal(1))])
        assert host.journal.entry(S1) is None
        fresh = controller.command("converge", goal(1), expires=ahead + timedelta(seconds=60))
        host.session.take([fresh])
        assert host.journal.entry(S1) is not None

    def test_a_repeat_of_a_goal_under_way_brings_a_fresh_url(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("ensure_image", errors.HypervisorError("403"))
        controller.want(goal(1))
        host.settle()
        controller.send(goal(1, image=msgspec.structs.replace(IMAGE, url="http://c/2")))
        entry = host.journal.entry(S1)
        assert entry is not None
        assert entry.goal.image is not None
        assert entry.goal.image.url == "http://c/2"
        host.settle(5)
        assert host.driver.power(S1) is Power.ON

    def test_known_hardware_is_kept_when_the_domain_is_authored_again(
        self, host: Host, controller: FakeController
    ) -> None:
        controller.welcome()
        build(controller)
        before = host.driver.domains[S1].hardware
        del host.driver.domains[S1]
        controller.live(30)
        assert host.driver.domains[S1].hardware == before
        assert host.driver.power(S1) is Power.ON

    def test_a_lost_disk_is_an_error_and_never_replaced(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains.clear()
        host.driver.disks.clear()
        controller.live(60)
        failed = last(host, "failed")
        assert isinstance(failed, wire.Failed)
        assert failed.code == "gone-on-host"
        assert host.driver.disks == {}


class TestFailures:
    def test_a_failed_call_is_tried_again(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("define", errors.HypervisorError("busy"), errors.DeadlineExceeded("slow"))
        controller.want(goal(1))
        host.settle(20)
        assert host.driver.power(S1) is Power.ON
        assert host.bodies("failed") == []

    def test_what_fails_each_time_is_reported(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("start", *[errors.HypervisorError("no KVM")] * 3)
        controller.want(goal(1))
        host.settle(30)
        assert last(host, "failed") == wire.Failed(code="hypervisor", reason="no KVM", tries=("no KVM", "no KVM"))
        controller.send(goal(1))
        assert [event.kind for event in host.settle()] == ["failed"]
        assert host.driver.calls["start"] == 3

    def test_what_can_never_work_fails_at_once(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("ensure_image", errors.InvalidImage("a backing file"))
        controller.want(goal(1))
        host.settle()
        assert last(host, "failed") == wire.Failed(code="invalid-image", reason="a backing file")

    def test_a_goal_without_a_guest_fails_at_once(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1, guest=None))
        host.settle()
        failed = last(host, "failed")
        assert isinstance(failed, wire.Failed)
        assert failed.code == "bad-request"

    def test_a_broken_driver_fails_the_server_not_the_agent(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("define", *[KeyError("x")] * 3)
        controller.want(goal(1))
        host.settle(30)
        failed = last(host, "failed")
        assert isinstance(failed, wire.Failed)
        assert (failed.code, "KeyError" in failed.reason) == ("internal", True)

    def test_a_guest_that_dies_at_its_start_fails(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.start = lambda server: None  # type: ignore[method-assign]
        host.driver.start.__name__ = "start"
        controller.want(goal(1))
        host.settle(30)
        failed = last(host, "failed")
        assert isinstance(failed, wire.Failed)
        assert "off at once" in failed.reason


class TestSupersede:
    def test_a_delete_during_a_build_wins_at_the_next_step(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1))
        for _ in range(2):
            for lane in host.lanes.lanes():
                host.lane(lane)
        controller.want(goal(1, 2, Power.GONE))
        host.settle()
        assert host.driver.domains == {}
        assert host.driver.disks == {}
        assert [event.generation for event in host.said if event.kind == "settled"] == [2]
        assert host.driver.calls["start"] == 0

    def test_the_call_under_way_is_waited_for(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1))
        host.lane(f"image:{IMAGE.digest}")
        controller.want(goal(1, 2, Power.GONE))
        controller.want(goal(1, 3, Power.GONE))
        assert [call.name for call, token in host.lanes.waiting[f"server:{S1}"]] == ["ensure_disk"]
        host.settle()
        assert host.driver.disks == {}
        assert [event.generation for event in host.said if event.kind == "settled"] == [3]

    def test_a_long_fetch_is_not_waited_for(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1))
        controller.want(goal(1, 2, Power.GONE))
        while f"server:{S1}" in host.lanes.lanes():
            host.lane(f"server:{S1}")
        assert host.lanes.lanes() == [f"image:{IMAGE.digest}", f"network:{goal(1).ports[0].network.id}"]
        host.settle()
        assert [event.generation for event in host.said if event.kind == "settled"] == [2]

    def test_a_wait_is_cut_short(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains[S1].stubborn = True
        controller.want(goal(1, 2, Power.OFF))
        host.settle(3)
        controller.want(goal(1, 3, Power.GONE))
        host.settle()
        assert host.driver.domains == {}


class TestQueries:
    def ask(self, controller: FakeController, length: int | None = None, **more: object) -> list[wire.Event]:
        query = wire.Query(id="q1", what="console", length=length)
        controller.host.session.take([controller.command("query", query, server=S1, **more)])
        return controller.host.settle()

    def test_the_console(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        self.ask(controller, 1)
        assert last(host, "answer") == wire.Answer(query="q1", text="login: ")

    def test_a_missing_domain(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        self.ask(controller)
        found = last(host, "answer")
        assert isinstance(found, wire.Answer)
        assert found.code == "gone-on-host"

    def test_a_broken_driver(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.driver.fail("console", KeyError("x"))
        self.ask(controller)
        found = last(host, "answer")
        assert isinstance(found, wire.Answer)
        assert found.code == "internal"

    def test_a_work_that_hangs_does_not_stop_it(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        controller.want(goal(1, 2, Power.OFF))
        query = wire.Query(id="q1", what="console")
        host.session.take([controller.command("query", query, server=S1)])
        host.lane(f"query:{S1}")
        host.publish()
        assert host.bodies("answer") != []

    def test_a_stale_or_late_one_is_dropped(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        host.settle()
        assert self.ask(controller, host_epoch=0) == []
        assert self.ask(controller, expires=host.clock.now() - timedelta(seconds=1)) == []


class TestRefusals:
    def test_what_can_never_be_understood(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        bodies = [
            b"not json",
            controller.command("converge", goal(1), host="another"),
            controller.command("converge", goal(1)),
            controller.command("converge", goal(2), server=server_id(3)),
            controller.command("converge", wire.Query(id="q", what="console")),
        ]
        assert host.session.take(bodies) == [0, 1, 3, 4]
        host.settle()
        assert list(host.driver.domains) == [S1]

    def test_what_is_refused_is_counted_and_told_once(
        self, host: Host, controller: FakeController, caplog: pytest.LogCaptureFixture
    ) -> None:
        controller.welcome()
        host.session.take([b"{", b"{", controller.command("converge", goal(1), host="another")])
        host.session.take([controller.command("converge", goal(1), host_epoch=0)])
        host.session.take([controller.command("converge", goal(1), expires=host.clock.now() - timedelta(seconds=1))])
        assert host.session.refusals.by_kind(HERE) == {"expired": 1, "malformed": 2, "old-epoch": 1, "other-host": 1}
        assert sum("only counted" in record.message for record in caplog.records) == 4
        host.settle()
        assert host.driver.domains == {}

    def test_host_is_the_identity(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        assert {event.host for event in host.said} == {HOST}


class TestByThemselves:
    def test_a_guest_that_powers_off_is_told_at_once(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.power_off(S1, "the guest shut down")
        said = host.settle()
        assert [(event.kind, event.server, event.generation) for event in said if event.server] == [("power", S1, 1)]
        assert last(host, "power") == wire.PowerSeen(power=Power.OFF, reason="the guest shut down")
        controller.live(60)
        assert len(host.bodies("power")) == 1

    def test_what_crashes_is_started_again_a_few_times(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        for boots in (2, 3, 4):
            host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
            host.settle()
            assert host.driver.domains[S1].boots == boots
            assert last(host, "settled").notes == {"again": "it crashed: QEMU crashed"}  # type: ignore[attr-defined]
        assert host.bodies("power") == []
        host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
        controller.live(30)
        reason = "QEMU crashed; it crashed more often than 3 in 600 s and is left off"
        assert host.bodies("power") == [wire.PowerSeen(power=Power.CRASHED, reason=reason)]
        assert host.driver.domains[S1].boots == 4

    def test_an_agent_that_restarts_goes_on_counting(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        for _ in range(3):
            host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
            host.settle()
        host.kill()
        controller.welcome()
        host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
        host.settle()
        assert host.driver.power(S1) is Power.CRASHED
        assert host.driver.domains[S1].boots == 4

    def test_crashes_of_long_ago_do_not_count(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        for _ in range(6):
            host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
            controller.live(301)
        assert host.driver.domains[S1].boots == 7

    def test_a_crash_that_only_a_look_shows_is_one_too(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains[S1].power = Power.CRASHED
        host.driver.lose_events()
        host.settle()
        assert host.driver.domains[S1].boots == 2

    def test_what_is_wished_off_is_not_started_for_a_crash(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1, power=Power.OFF))
        host.settle()
        host.driver.power_on(S1)
        host.driver.power_off(S1, "QEMU crashed", Power.CRASHED)
        host.settle()
        assert host.driver.power(S1) is Power.CRASHED

    def test_while_it_is_worked_on_the_work_says_how_it_ends(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        controller.want(goal(1, 2, Power.OFF))
        host.driver.power_off(S1)
        host.settle(5)
        assert host.bodies("power") == []
        assert last(host, "settled").power is Power.OFF  # type: ignore[attr-defined]

    def test_a_stop_between_the_last_call_and_its_answer_is_seen(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        controller.want(goal(1))
        while host.driver.calls["notes"] == 0:
            for lane in host.lanes.lanes():
                token, outcome = host.lanes.step(lane)
                if host.driver.calls["notes"]:
                    host.driver.power_off(S1)
                    host.session.domain_event(host.heard.pop())
                host.session.answered(token, outcome)
        host.settle()
        assert [body.power for body in host.bodies("power")] == [Power.OFF]  # type: ignore[attr-defined]

    def test_lost_events_are_made_up_for(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.domains[S1].power = Power.OFF
        host.driver.lose_events()
        said = [event.kind for event in host.settle()]
        assert sorted(said) == ["power", "states"]

    def test_a_domain_that_vanished_is_built_again(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        host.driver.power_off(S1, power=Power.GONE)
        del host.driver.domains[S1]
        host.settle()
        assert host.driver.power(S1) is Power.ON

    def test_strangers_and_the_dead_are_nobodys_business(self, host: Host, controller: FakeController) -> None:
        controller.welcome()
        build(controller)
        controller.want(goal(1, 2, Power.GONE))
        host.settle()
        for server in (S1, server_id(9)):
            host.session.domain_event(DomainEvent(server, Power.OFF))
        assert [event.kind for event in host.settle(3)] == ["states"]
