"""What routing measures. By kind, not by tenant and name: those are many, and `provider_health` has them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

breakers = Gauge(
    "carillon_provider_breakers", "Providers in use, by kind and state of their breaker.", ["kind", "state"]
)
waits = Counter(
    "carillon_route_waits_total", "Deliveries that no provider could take just then, by reason.", ["reason"]
)
provider_outcomes = Counter(
    "carillon_provider_outcomes_total", "Calls of providers by kind and outcome.", ["kind", "outcome"]
)
providers_unusable = Counter(
    "carillon_providers_unusable_total", "Providers found unusable as configured, by defect.", ["defect"]
)
