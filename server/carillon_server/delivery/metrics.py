"""What the worker measures."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

outbox_age_seconds = Gauge(
    "carillon_outbox_age_seconds", "How long the oldest due delivery has been due.", ["lane"]
)
outbox_due = Gauge("carillon_outbox_due", "Deliveries that are due; counted up to 10,000.", ["lane"])
deliveries_running = Gauge(
    "carillon_deliveries_running", "Deliveries that this worker holds, by lane; suspects apart.", ["lane"]
)
claimed_deliveries = Histogram(
    "carillon_claimed_deliveries",
    "Deliveries taken by one claim that found any.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
)
withdrawn = Counter(
    "carillon_deliveries_withdrawn_total", "Due deliveries not handed over after all.", ["reason"]
)
postponed = Counter(
    "carillon_deliveries_postponed_total", "Due deliveries that nobody might take just then.", ["reason"]
)
attempts = Counter(
    "carillon_attempts_total",
    "Attempts by channel, provider and outcome.",
    ["channel", "provider", "outcome"],
)
attempt_seconds = Histogram(
    "carillon_attempt_seconds",
    "Time of one attempt at the provider.",
    ["provider"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0),
)
results_stale = Counter(
    "carillon_results_stale_total", "Results not recorded because the lease had gone to somebody else."
)
scheduled_work = Counter(
    "carillon_scheduled_work_total",
    "Notifications released, expired, archived or removed by retention, and records pruned, by kind.",
    ["kind"],
)
loop_failures = Counter("carillon_loop_failures_total", "Rounds of a worker's loops that failed.", ["loop"])
queue_jobs = Counter("carillon_queue_jobs_total", "arq jobs run, by function.", ["function"])
queue_restarts = Counter("carillon_queue_restarts_total", "Restarts of the arq worker after Redis was away.")
wakeups = Counter("carillon_wakeups_total", "Wake-ups of workers by result: sent, failed.", ["result"])
