"""Votes of several workers about pixels, counted band by band. Needs numpy."""

import numpy

VALUES = 256  # of a pixel: 0 is background, the others are labels


class Tally:
    """The counts are of pixels or of votes, by pixel value."""

    def __init__(self, workers: int):
        self.workers = workers
        self.results = numpy.zeros(VALUES, dtype=numpy.int64)  # pixels that came out so
        self.votes = numpy.zeros(VALUES, dtype=numpy.int64)
        self.touched = numpy.zeros(VALUES, dtype=numpy.int64)  # pixels for which anybody voted so
        self.labeled = 0  # pixels that anybody labeled
        self.agreeing = 0  # votes for the results of those

    def count(self, masks: numpy.ndarray) -> numpy.ndarray:
        """The results of pixels. ``masks`` are uint8 of shape (workers, pixels), the results of (pixels,)."""
        result = masks[0].copy()
        differ = numpy.flatnonzero((masks[1:] != result).any(axis=0))
        agreed = tally(result)
        if len(differ):
            disputed = masks[:, differ]
            agreed -= tally(disputed[0])
            result[differ] = self._settle(disputed)
        self.results += agreed
        self.votes += agreed * self.workers
        self.touched += agreed
        self.labeled += int(agreed[1:].sum())
        self.agreeing += int(agreed[1:].sum()) * self.workers
        return result

    def _settle(self, masks: numpy.ndarray) -> numpy.ndarray:
        """As count, for pixels about which the workers differ, all of them."""
        best = numpy.zeros(masks.shape[1], dtype=numpy.uint16)
        for number, mask in enumerate(masks):
            same = masks == mask
            votes = same.sum(axis=0, dtype=numpy.uint16)
            # The votes in the upper byte, the value's complement below: the lowest wins among equals.
            numpy.maximum(best, votes << 8 | (255 - mask), out=best)
            self.votes += tally(mask)
            self.touched += tally(mask[~same[:number].any(axis=0)])
        result = (255 - (best & 255)).astype(numpy.uint8)
        self.results += tally(result)
        self.labeled += len(result)  # where workers differ, one at least sees more than background
        self.agreeing += int((best >> 8).sum(dtype=numpy.int64))
        return result

    @property
    def confidence(self) -> float:
        """The share of the workers who voted for the result, averaged over pixels that anybody labeled."""
        return self.agreeing / (self.labeled * self.workers) if self.labeled else 1.0

    def agreement(self, value: int) -> float:
        """The share of the workers who voted so, averaged over the pixels for which anybody did."""
        return float(self.votes[value] / (self.touched[value] * self.workers))


def tally(pixels: numpy.ndarray) -> numpy.ndarray:
    return numpy.bincount(pixels, minlength=VALUES)
