"""What holds for every test: a quiet TensorFlow on the CPU, a matplotlib without windows, reproducible examples."""

from __future__ import annotations

import os
import signal

# Read when TensorFlow and matplotlib are imported, hence before any test module; subprocesses inherit them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # bit-identical fits are promised on one kind of device
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has one core's share
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(variable, "1")

from hypothesis import HealthCheck, settings

# A program that was started in the background may have Ctrl-C ignored, and so would all that it starts: the tests that
# interrupt a fit would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The first call of a compiled function takes a second: a deadline would measure that.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
