"""A Ray cluster with its job server and metrics exporter, until standard input ends. Prints their URLs."""

import json
import os
import socket
import sys


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
# Whoever starts it may have a token of their own or none.
os.environ["RAY_AUTH_MODE"] = "disabled"
# Figures every second, so that a test need not wait ten.
os.environ["RAY_metrics_report_interval_ms"] = "1000"  # noqa: SIM112

import ray  # noqa: E402

metrics_port = free_port()
context = ray.init(
    address="local", num_cpus=3, object_store_memory=100 * 2**20, log_to_driver=False,
    include_dashboard=True, dashboard_host="127.0.0.1", dashboard_port=free_port(),
    _metrics_export_port=metrics_port,
)  # fmt: skip
print(
    json.dumps({"jobs": context.dashboard_url, "metrics": f"http://127.0.0.1:{metrics_port}/metrics"}),
    flush=True,
)
sys.stdin.read()
ray.shutdown()
