"""How long a store that does not answer is waited for: back-off with jitter, then one clear error."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipeline.errors import UsageError

logger = logging.getLogger(__name__)

T = TypeVar("T")
VARIABLE = "FULLCAST_STORE_PATIENCE"


@dataclass(frozen=True)
class Patience:
    """Waits between tries: each up to twice the one before, of random length, for `total_s` in all.

    Source: M. Brooker, "Exponential Backoff And Jitter", 2015 ("full jitter"): many workers that met the same
    fault do not come back at the same moment.

    Attributes:
        total_s: seconds from the first failure after which it is given up.
        first_s, most_s: bounds of a single wait: of the first one, and of any.
    """

    total_s: float = 180.0
    first_s: float = 0.2
    most_s: float = 10.0

    def wait_s(self, failures: int, share: float) -> float:
        """The wait after so many failures (1 or more); `share` of 0..1 is the random part.

        At least a tenth of the bound, so that a server which refuses at once is not asked without pause.
        """
        bound = min(self.most_s, self.first_s * 2 ** min(failures - 1, 32))
        return bound * (0.1 + 0.9 * share)


def patience_from_environment() -> Patience:
    """The patience that $FULLCAST_STORE_PATIENCE asks for, in seconds; three minutes if it is not set.

    Raises:
        UsageError: it is no number of seconds.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return Patience()
    try:
        total_s = float(given)
    except ValueError:
        total_s = -1.0
    if not 0.0 <= total_s < float("inf"):
        raise UsageError(f"{VARIABLE}={given}: must be a number of seconds")
    return Patience(total_s)


def persist(
    attempt: Callable[[], T],
    transient: Callable[[Exception], bool],
    patience: Patience,
    *,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    share: Callable[[], float] = random.random,
) -> T:
    """The answer of `attempt`, tried again while its errors are `transient` and patience lasts.

    Raises:
        Exception: the last error as it was, if it is not transient or patience has ended.
    """
    failures, began_s = 0, 0.0
    while True:
        try:
            return attempt()
        except Exception as error:
            if not transient(error):
                raise
            now_s = clock()
            began_s = began_s if failures else now_s
            failures += 1
            left_s = patience.total_s - (now_s - began_s)
            if left_s <= 0.0:
                raise
            wait_s = min(patience.wait_s(failures, share()), left_s)
            logger.warning("the store failed (%s); next try in %.1f s", error or type(error).__name__, wait_s)
            sleep(wait_s)
