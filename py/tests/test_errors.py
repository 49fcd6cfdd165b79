"""The exceptions by themselves."""

from __future__ import annotations

import builtins
import pickle
import queue

import pytest

import atmqtt
from atmqtt import errors

BUILT_IN = {
    "InvalidArgumentError": ValueError,
    "InvalidStateError": RuntimeError,
    "TimedOutError": TimeoutError,
    "UnconfirmedError": TimeoutError,
    "ModuleError": Exception,
    "CmeError": Exception,
    "OperationFailedError": Exception,
    "BrokerRefusedError": ConnectionRefusedError,
    "PortLostError": OSError,
    "PortBusyError": OSError,
    "ChecksumMismatchError": Exception,
    "CalledFromCallbackError": RuntimeError,
    "ClosedError": RuntimeError,
    "InternalError": RuntimeError,
    "DisconnectedError": ConnectionError,
    "PortStuckError": OSError,
    "StorageError": OSError,
    "QueueFullError": queue.Full,
}


def test_every_kind_has_its_class() -> None:
    kinds = list(atmqtt.ErrorKind)
    classes = [errors._from_native(int(kind), "text", None, None, None, "t") for kind in kinds]
    assert [type(one).__name__ for one in classes] == list(BUILT_IN)
    for error, kind in zip(classes, kinds, strict=True):
        assert error.kind is kind
        assert error.number == kind
        assert isinstance(error, atmqtt.Error)
        assert isinstance(error, BUILT_IN[type(error).__name__])
        assert getattr(atmqtt, type(error).__name__) is type(error)


def test_no_name_hides_a_built_in() -> None:
    assert [name for name in atmqtt.__all__ if hasattr(builtins, name)] == []


@pytest.mark.parametrize("kind", list(atmqtt.ErrorKind))
def test_errors_are_pickled_whole(kind: atmqtt.ErrorKind) -> None:
    error = errors._from_native(int(kind), "timeout: AT+X: late", 5, "AT+X", 3, "late")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error) == "timeout: AT+X: late"
    assert (again.code, again.command, again.client, again.detail) == (5, "AT+X", 3, "late")


def test_an_error_of_ones_own() -> None:
    error = atmqtt.TimedOutError("mine")
    assert (str(error), error.detail, error.code, error.command) == ("mine", "mine", None, None)
    assert repr(error) == "TimedOutError('mine')"
