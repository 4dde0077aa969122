"""Which sources' licences forbid that a machine speaks them, as the project says. Pure."""

from __future__ import annotations

from pipeline.game.voiced import GameProject


def forbidden_notes(project: GameProject) -> list[str]:
    """A row for the game, or each source, that is marked `ai_use = "forbidden"`; none if all is allowed."""
    if project.config.ai_use == "forbidden":
        return [f'{project.file}: ai_use = "forbidden": no line of this game may be spoken by a machine']
    return [
        f'{source.file}: ai_use = "forbidden": its lines may not be spoken by a machine; take the source out'
        for source in project.sources
        if source.forbidden
    ]
