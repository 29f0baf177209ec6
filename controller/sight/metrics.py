"""Every metric of a controller (doc/seeing.md is made from this table)."""

from common.gauges import Metric

REQUESTS = Metric("toft_controller_requests", "counter", "API requests answered.", ("service", "route", "status"), 500)
REQUEST = Metric("toft_controller_request_seconds", "times", "Time to answer an API request.", ("service", "route"))
TURN = Metric(
    "toft_controller_turn_seconds", "times", "Time of one turn of a loop, also of those without work.", ("loop",)
)
COMMIT = Metric(
    "toft_controller_transaction_seconds", "times", "Time of one writing transaction, from BEGIN to after COMMIT."
)
DECISION = Metric("toft_controller_decision_seconds", "times", "Time to decide and claim for one batch of servers.")
DECIDED = Metric("toft_controller_decisions", "counter", "Servers that the scheduler decided for.", ("outcome",))
REPORTS = Metric("toft_controller_reports", "counter", "Reports taken from the broker.", ("kind",))
HOST_REPORTS = Metric("toft_controller_host_reports", "counter", "Reports by host.", ("host",), 2000)
BATCH = Metric(
    "toft_controller_report_batches", "counter", "Batches that reports came in; reports / batches is their size."
)

UP = Metric("toft_controller_database_answers", "gauge", "1 while the database answers.")
OUTBOX = Metric("toft_controller_outbox_rows", "gauge", "Commands that wait to be published.")
OUTBOX_AGE = Metric("toft_controller_outbox_age_seconds", "gauge", "Age of the oldest command that waits.")
NOTIFICATIONS = Metric("toft_controller_notification_rows", "gauge", "Notifications that wait to be published.")
NOTIFICATION_AGE = Metric(
    "toft_controller_notification_age_seconds", "gauge", "Age of the oldest notification that waits."
)
WRITER = Metric("toft_controller_writer_waiting", "gauge", "Changes that wait for the writer.")
CONNECTIONS = Metric("toft_controller_database_connections", "gauge", "Connections to the database in use.")
WORKFLOWS = Metric("toft_controller_workflows", "gauge", "Live workflows.", ("kind", "step", "direction"))
WORKFLOW_AGE = Metric(
    "toft_controller_workflow_age_seconds", "gauge", "Age of the oldest of them.", ("kind", "step", "direction")
)
HOSTS = Metric("toft_controller_hosts", "gauge", "Hosts by what is known of their agents.", ("state",))
HOST_SILENCE = Metric(
    "toft_controller_host_silence_seconds",
    "gauge",
    "Time since a host was last heard; the most silent first.",
    ("host",),
    100,
)
STRANGERS = Metric("toft_controller_quarantined_domains", "gauge", "Domains and files on hosts that are none of ours.")
REFUSALS = Metric("toft_controller_refusals", "total", "Reports that were not let in.", ("kind",))
LEASES = Metric("toft_controller_lease_held", "gauge", "1 where this controller holds the lease.", ("lease",))

METRICS = (
    REQUESTS,
    REQUEST,
    TURN,
    COMMIT,
    DECISION,
    DECIDED,
    REPORTS,
    HOST_REPORTS,
    BATCH,
    UP,
    OUTBOX,
    OUTBOX_AGE,
    NOTIFICATIONS,
    NOTIFICATION_AGE,
    WRITER,
    CONNECTIONS,
    WORKFLOWS,
    WORKFLOW_AGE,
    HOSTS,
    HOST_SILENCE,
    STRANGERS,
    REFUSALS,
    LEASES,
)
"""All of them, in the order of the page."""
