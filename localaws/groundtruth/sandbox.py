"""Liquid with limits: whoever may create a job can write a template; none may hold up the others' work."""

import time
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.exceptions import ResourceLimitError

LONGEST_TEXT = 4_000_000  # characters, of a page and of what one filter makes
MOST_PARTS = 10_000  # that a text is split into
LONGEST_RENDERING = 10.0  # seconds


class TimedContext(RenderContext):
    """Every node asks for the disabled tags before it is rendered: there the time is looked at."""

    @property
    def disabled_tags(self) -> set[str]:
        if time.monotonic() > self.deadline:
            raise ResourceLimitError(f"rendering takes longer than {LONGEST_RENDERING:g} seconds", token=None)
        return self._disabled_tags

    @disabled_tags.setter
    def disabled_tags(self, tags: set[str]) -> None:
        self.deadline = time.monotonic() + LONGEST_RENDERING
        self._disabled_tags = tags


class TimedTemplate(BoundTemplate):
    context_class = TimedContext


class Sandbox(Environment):
    """No loader: nothing can be included."""

    template_class = TimedTemplate
    context_depth_limit = 30
    loop_iteration_limit = 100_000
    local_namespace_limit = 1_000_000
    output_stream_limit = LONGEST_TEXT

    def setup_tags_and_filters(self, **options: Any) -> None:
        """The filters that make much out of little say so before they do it."""
        super().setup_tags_and_filters(**options)
        replace, join, split = (self.filters[name] for name in ("replace", "join", "split"))

        def bounded_replace(value: Any, old: Any = "", new: Any = "") -> Any:
            text, part, other = str(value), str(old), str(new)
            times = text.count(part) if part else len(text) + 1
            _check(len(text) + times * (len(other) - len(part)), LONGEST_TEXT, "characters")
            return replace(value, old, new)

        def bounded_join(value: Any, separator: Any = " ") -> Any:
            parts = value if isinstance(value, list | tuple) else [value]
            size = sum(len(str(part)) for part in parts) + len(parts) * len(str(separator))
            _check(size, LONGEST_TEXT, "characters")
            return join(value, separator)

        def bounded_split(value: Any, separator: Any = " ") -> Any:
            text, between = str(value), str(separator)
            _check(text.count(between) if between else len(text), MOST_PARTS, "parts")
            return split(value, separator)

        self.filters |= {"replace": bounded_replace, "join": bounded_join, "split": bounded_split}


def _check(size: int, most: int, what: str) -> None:
    if size > most:
        raise ResourceLimitError(f"a filter would make {size} {what}; {most} are accepted", token=None)
