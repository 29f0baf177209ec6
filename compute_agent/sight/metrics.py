"""Every metric of an agent (doc/seeing.md is made from this table)."""

from common.gauges import Metric

CALLS = Metric(
    "toft_agent_calls", "counter", "Calls on the hypervisor and the host that came back.", ("call", "outcome")
)
CALL = Metric("toft_agent_call_seconds", "times", "Time of one such call, without its wait for a lane.", ("call",))

ANSWERS = Metric("toft_agent_answers", "gauge", "1 while the agent's loop answers.")
BUSY = Metric("toft_agent_lanes_busy", "gauge", "Calls that are being made.")
STUCK = Metric("toft_agent_lanes_stuck", "gauge", "Lanes with a call that does not come back.")
EPOCH = Metric("toft_agent_epoch", "gauge", "The epoch this host was welcomed under; 0 while it is not.")
ROUND_TRIP = Metric("toft_agent_heartbeat_seconds", "gauge", "From the newest answered heartbeat to its answer.")
GOALS = Metric("toft_agent_journal_goals", "gauge", "Servers in the journal, by how far they came.", ("state",))
EVENTS = Metric("toft_agent_outbox_events", "gauge", "Events in the journal that the broker has not confirmed.")
DOMAINS = Metric("toft_agent_domains", "gauge", "Servers by the power last told.", ("power",))
STRANGERS = Metric("toft_agent_quarantined_domains", "gauge", "Domains and files on this host that are none of ours.")
REFUSALS = Metric("toft_agent_refusals", "total", "Commands that were not let in.", ("kind",))

METRICS = (CALLS, CALL, ANSWERS, BUSY, STUCK, EPOCH, ROUND_TRIP, GOALS, EVENTS, DOMAINS, STRANGERS, REFUSALS)
"""All of them, in the order of the page."""
