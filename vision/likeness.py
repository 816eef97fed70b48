"""Whether two pictures look alike: a fingerprint of 64 bits that survives saving again, scaling and light.

Alike means a near-duplicate: another shot of a burst, a copy of lower quality. It does not mean a similar
scene, nor the same picture turned or cropped.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy
from PIL import Image

BITS = 64
ALIKE = 5  # differing bits up to which two pictures are near-duplicates
WIDTH = -(-BITS // (ALIKE + 1))  # of a band, in bits
PAIRS_AT_ONCE = 1_000_000  # bounds the memory, not the result
# A sheet of paper and a white wall have the same few bits. Below this many they say nothing.
TELLING_BITS = 8
# Differences that are smaller, in levels of grey, are noise of the camera and of JPEG.
NOISE = 2


def difference_hash(image: Image.Image) -> str | None:
    """Where the picture gets brighter from left to right, on a grid of 8 by 8: 16 hexadecimal digits.

    None for a picture that is too plain to be told from another. The pixels are taken as they are stored.
    """
    small = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    rows = (small[start : start + 9] for start in range(0, 72, 9))
    bits = [right > left + NOISE for row in rows for left, right in zip(row, row[1:], strict=False)]
    if not TELLING_BITS <= sum(bits) <= BITS - TELLING_BITS:
        return None
    return f"{sum(bit << place for place, bit in enumerate(bits)):016x}"


def distance(one: str, other: str) -> int:
    """In how many of their bits two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


class Album:
    """Finds the pictures that look alike without comparing each with each.

    Fingerprints that differ in at most ALIKE bits agree on at least one of ALIKE + 1 bands of their bits, so
    only those that share a band are compared.
    """

    def __init__(self, pictures: Iterable[tuple[str, str]] = ()):
        """``pictures`` are (name, fingerprint)."""
        self._bands: dict[tuple[int, int], list[tuple[int, str]]] = {}
        for name, fingerprint in pictures:
            self.add(name, fingerprint)

    def add(self, name: str, fingerprint: str) -> None:
        bits = int(fingerprint, 16)
        for band in _bands(bits):
            self._bands.setdefault(band, []).append((bits, name))

    def alike(self, fingerprint: str) -> list[tuple[int, str]]:
        """Each name with its smallest distance, the most alike first; equals in the order of their names."""
        bits, found = int(fingerprint, 16), {}
        for band in _bands(bits):
            for other, name in self._bands.get(band, ()):
                apart = (bits ^ other).bit_count()
                if apart <= ALIKE:
                    found[name] = min(apart, found.get(name, ALIKE))
        return sorted((apart, name) for name, apart in found.items())


def alike_across(sides: Mapping[str, Mapping[str, str]]) -> list[tuple[int, str, str]]:
    """(distance, name, name) of pictures on different sides that look alike, the most alike first.

    ``sides`` are names with fingerprints. Pictures of one side may look alike as they like.
    """
    names = [name for pictures in sides.values() for name in pictures]
    on = numpy.repeat(numpy.arange(len(sides)), [len(pictures) for pictures in sides.values()])
    bits = numpy.array(
        [int(fingerprint, 16) for pictures in sides.values() for fingerprint in pictures.values()],
        dtype=numpy.uint64,
    )
    found = set()
    for shelf in _shelves(bits):
        rows = max(1, PAIRS_AT_ONCE // max(1, len(shelf)))
        for start in range(0, len(shelf), rows):
            some = shelf[start : start + rows]
            apart = numpy.bitwise_count(bits[some, None] ^ bits[shelf])
            # Sides come one after the other, so this is also each pair once.
            ones, others = numpy.nonzero((apart <= ALIKE) & (on[some, None] < on[shelf]))
            found |= {
                (int(apart[one, other]), names[some[one]], names[shelf[other]])
                for one, other in zip(ones, others, strict=True)
            }
    return sorted(found)


def _shelves(bits: numpy.ndarray) -> Iterator[numpy.ndarray]:
    """The places of those that share a band, band by band."""
    for number in range(ALIKE + 1):
        bands = bits >> numpy.uint64(number * WIDTH) & numpy.uint64((1 << WIDTH) - 1)
        order = numpy.argsort(bands, kind="stable")
        yield from numpy.split(order, numpy.nonzero(numpy.diff(bands[order]))[0] + 1)


def _bands(bits: int) -> Iterator[tuple[int, int]]:
    for number in range(ALIKE + 1):
        yield number, bits >> number * WIDTH & (1 << WIDTH) - 1
