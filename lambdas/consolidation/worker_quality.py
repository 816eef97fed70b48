"""Consolidation that hears each worker as far as his answers deserve, and learns about him from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import box_quality
from boxes import write_label
from drawings import Drawings
from evidence import Evidence, Known, add

if TYPE_CHECKING:  # masks need a layer that boxes do not
    import numpy

    from mask_quality import Weighed


class WorkerQuality:
    """For one call. ``history`` is what was known of the workers before."""

    def __init__(self, history: Known):
        self.history = history
        self.evidence: dict[str, Evidence] = {}  # by worker: what this call found out

    def boxes(self, images: Sequence[Drawings], labels: Sequence[str]) -> list[dict]:
        """The label of each image."""
        found, evidence = box_quality.consolidate(images, labels, self.history)
        add(self.evidence, evidence)
        return [
            write_label(image, each.objects, labels, each.certainty, method=each.method)
            for image, each in zip(images, found, strict=True)
        ]

    def mask(
        self, workers: Sequence[str], masks: Sequence["numpy.ndarray"], labels: Sequence[str]
    ) -> "Weighed":
        """The mask of one image, see mask_quality.weigh. The images of a call are weighed each by itself."""
        from mask_quality import weigh

        weighed = weigh(workers, masks, labels, self.history)
        add(self.evidence, weighed.evidence)
        return weighed
