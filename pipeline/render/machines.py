"""Machines of which it is known how fast they speak: ours, and the user's own in `machines.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.engines.engine_file import first_fault, most_telling
from pipeline.errors import UsageError, did_you_mean
from pipeline.registry.places import config_folder
from pipeline.registry.reading import composed, demand_keys_once, row_of

OURS = Path(__file__).with_name("machines.yaml")
USER_FILE = "machines.yaml"

Speed = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Machine(BaseModel):
    """A kind of machine.

    Attributes:
        measured: where the figures come from.
        speeds: audio-seconds per second of one worker, by engine, or by model where models differ.
        load_s: seconds until a worker has made a model ready, by engine or model.
        workers: how many workers it holds at a time; each counts as a device.
        price_per_hour: what an hour of one of its devices costs, in any currency.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    summary: str
    measured: str = "by its owner"
    speeds: dict[str, Speed] = Field(min_length=1)
    load_s: dict[str, Seconds] = Field(default_factory=dict)
    workers: Annotated[int, Field(ge=1)] = 1
    price_per_hour: Speed | None = None

    def speed(self, model: str, engine: str) -> float | None:
        """Audio-seconds per second of one worker; None if it was not measured."""
        return self.speeds.get(model, self.speeds.get(engine))

    def load_time_s(self, model: str, engine: str) -> float | None:
        """Seconds that loading takes; None if it was not measured."""
        return self.load_s.get(model, self.load_s.get(engine))


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    machines: dict[str, Machine]


def read_machines(path: Path) -> Mapping[str, Machine]:
    """The machines of a file, by name.

    Raises:
        UsageError: it cannot be read or is not of the form; with file and row.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    node, value = composed(data, path)
    demand_keys_once(node, path)
    try:
        return _File.model_validate(value).machines
    except ValidationError as error:
        row = row_of(node, most_telling(error)["loc"])
        raise UsageError(first_fault(error), where=f"{path}:{row}") from error


def machine_named(name: str, user_file: Path | None = None) -> Machine:
    """A machine of the user's file, else of ours.

    Args:
        user_file: where the user's machines stand; left out, `machines.yaml` in the settings folder.

    Raises:
        UsageError: there is no such machine, or the file is not of the form.
    """
    own = user_file or config_folder() / USER_FILE
    known = dict(read_machines(OURS))
    if own.is_file():
        known |= read_machines(own)
    if name not in known:
        raise UsageError(f"no machine '{name}'", hint=f"{did_you_mean(name, known)}; your own stand in {own}")
    return known[name]
