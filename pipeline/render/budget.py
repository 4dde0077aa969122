"""What a run may cost, in hours of devices or in money, and how much of that is spent. Pure.

A *device-hour* is an hour for which a worker is held, whether it speaks, loads or waits: that is what is paid
for. Workers that share a GPU count their share of it.
"""

from __future__ import annotations

import math
import re

from pipeline.errors import UsageError

HOUR_S = 3600.0
_UNIT_S = {"h": HOUR_S, "m": 60.0, "s": 1.0}
_AMOUNT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([hms]?)\s*$", re.IGNORECASE)


def parse_budget(text: str, price_per_hour: float | None = None) -> float:
    """Device-seconds of `2h`, `90m`, `300s`, or of an amount of money at a price for an hour.

    Raises:
        UsageError: it is neither, or money without a price.
    """
    match = _AMOUNT.match(text)
    if match is None:
        raise UsageError(f"--budget '{text}' is no time and no amount", hint="write 2h, 90m or 3.5")
    if price_per_hour is not None and not (math.isfinite(price_per_hour) and price_per_hour > 0):
        raise UsageError(f"--price-per-hour {price_per_hour}: must be more than 0")
    amount, unit = float(match[1]), match[2].lower()
    if unit:
        return amount * _UNIT_S[unit]
    if price_per_hour is None:
        raise UsageError(
            f"--budget {text} is money without a price", hint="add --price-per-hour, or write a time: 2h, 90m"
        )
    return amount / price_per_hour * HOUR_S


class Budget:
    """Counts device-seconds as workers are held. Make one for each run.

    Args:
        limit_s: how many may be spent.
        share: how much of a device each worker is.
    """

    def __init__(self, limit_s: float, share: float = 1.0) -> None:
        self.limit_s = limit_s
        self.spent_s = 0.0
        self._share = share
        self._looked_s: float | None = None

    def look(self, now_s: float, workers: int) -> bool:
        """Adds what was spent since the last look, with so many workers; whether anything is left.

        Args:
            now_s: of a clock that never goes back.
        """
        if self._looked_s is not None:
            self.spent_s += (now_s - self._looked_s) * workers * self._share
        self._looked_s = now_s
        return self.spent_s < self.limit_s

    def pause(self) -> None:
        """No worker is held from the last look on, until the next."""
        self._looked_s = None


def in_words(device_s: float, price_per_hour: float | None = None) -> str:
    """`1.25 device-hours`, and what that costs if a price is known."""
    hours = device_s / HOUR_S
    text = f"{hours:.2f} device-hours" if hours >= 0.1 else f"{device_s:.1f} device-seconds"
    return text if price_per_hour is None else f"{text} ({money(hours * price_per_hour)})"


def money(amount: float) -> str:
    """`12.40`; two digits of what is less than a tenth."""
    return f"{amount:.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.2g}"
