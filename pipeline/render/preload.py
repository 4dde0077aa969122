"""Which models each worker loads before any work is handed out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def choose_preloads(
    work_s: Mapping[str, float],
    size_bytes: Mapping[str, int],
    budget_bytes: int,
    workers: Sequence[int],
    hot: Collection[str] = (),
) -> dict[int, tuple[str, ...]]:
    """The models that each worker warms, in the order in which it should load them.

    Hot models first, then those with the most planned work, each in one worker: the one with the least work
    so far that has room for it. A worker left over shares the model that has the most work for each of its
    workers.

    Args:
        work_s: seconds of planned work by model.
        size_bytes: what each model promises to hold.
        budget_bytes: of one worker.
        hot: models that the registry wants ready before any line is spoken.
    """
    chosen: dict[int, list[str]] = {worker: [] for worker in workers}
    free_bytes = dict.fromkeys(workers, budget_bytes)
    given_s = dict.fromkeys(workers, 0.0)
    by_work = sorted(
        (model for model in work_s if work_s[model] > 0), key=lambda m: (m not in hot, -work_s[m], m)
    )
    for model in by_work:
        roomy = [worker for worker in workers if free_bytes[worker] >= size_bytes[model]]
        if not roomy:
            continue
        worker = min(roomy, key=lambda w: (given_s[w], w))
        chosen[worker].append(model)
        free_bytes[worker] -= size_bytes[model]
        given_s[worker] += work_s[model]
    served = {model: 1 for models in chosen.values() for model in models}
    for worker in workers:
        if served and not chosen[worker]:
            model = min(served, key=lambda m: (-work_s[m] / served[m], m))
            chosen[worker].append(model)
            served[model] += 1
    return {worker: tuple(models) for worker, models in chosen.items() if models}
