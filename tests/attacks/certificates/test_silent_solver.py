"""What is written from below Python is kept back, and only then."""

from __future__ import annotations

import ctypes
import os
import sys
import threading

import pytest

from strates.attacks.certificates.silent_solver import silent_solver


def test_only_what_is_written_within_is_lost(capfd: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("one\n")
    with silent_solver():
        os.write(1, b"two\n")
        ctypes.CDLL(None).puts(b"three")  # stays in C's buffer
    os.write(1, b"four\n")
    with pytest.raises(ZeroDivisionError):
        _fail_within()
    os.write(1, b"six\n")
    assert capfd.readouterr().out.split() == ["one", "four", "six"]


def _fail_within() -> None:
    with silent_solver():
        os.write(1, b"five\n")
        raise ZeroDivisionError


def test_threads_within_one_another(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with silent_solver():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with silent_solver():
        thread.start()
        assert inside.wait(10)
    os.write(1, b"still within\n")
    leave.set()
    thread.join()
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"
