"""CRCs that the standard library lacks, at hundreds of megabytes a second, and CRCs of joined parts.

A CRC is linear: the register after ``a + b`` is what ``len(b)`` zero bytes make of the register after ``a``,
xor the register that ``b`` alone leaves. So a block is cut into lanes that numpy advances side by side, byte
by byte, and the lanes' registers are then joined pairwise.
"""

from functools import cached_property, reduce

import numpy as np

LANE = 256  # bytes; a power of two


class Crc:
    """A reflected CRC whose register starts as, and is finally xored with, all ones."""

    def __init__(self, reversed_polynomial: int, bits: int):
        self.size = bits // 8
        self.ones = (1 << bits) - 1
        self._type = np.dtype(f"uint{bits}")
        self._polynomial = self._type.type(reversed_polynomial)

    def update(self, block: bytes, crc: int = 0) -> int:
        """The CRC of everything before (``crc``, 0 at the start) and ``block``; as zlib.crc32."""
        return self._advance(crc ^ self.ones, len(block)) ^ self._register_of(block) ^ self.ones

    def join(self, first: int, second: int, second_length: int) -> int:
        """The CRC of two byte strings in a row, from the CRC of each and the length of the second."""
        return self._advance(first, second_length) ^ second

    @cached_property
    def _table(self) -> np.ndarray:
        table = np.arange(256, dtype=self._type)
        for _ in range(8):
            table = np.where(table & 1, (table >> 1) ^ self._polynomial, table >> 1)
        return table

    @cached_property
    def _zeros(self) -> list[np.ndarray]:
        """At k: what 2**k zero bytes do to a register, as one table for each byte of the register."""
        single = np.stack([np.arange(256, dtype=self._type) << (8 * place) for place in range(self.size)])
        steps = [self._table[single & 0xFF] ^ (single >> 8)]
        while len(steps) < 48:
            steps.append(self._apply(steps[-1], steps[-1]))
        return steps

    def _apply(self, step: np.ndarray, registers: np.ndarray) -> np.ndarray:
        return reduce(
            np.bitwise_xor, (step[place][(registers >> (8 * place)) & 0xFF] for place in range(self.size))
        )

    def _advance(self, register: int, zeros: int) -> int:
        registers = np.array([register], dtype=self._type)
        for power in range(zeros.bit_length()):
            if zeros >> power & 1:
                registers = self._apply(self._zeros[power], registers)
        return int(registers[0])

    def _register_of(self, block: bytes) -> int:
        lanes = 1 << max(0, (len(block) - 1) // LANE).bit_length()
        padded = np.zeros(lanes * LANE, dtype=np.uint8)  # zeros in front leave an empty register empty
        padded[lanes * LANE - len(block) :] = np.frombuffer(block, dtype=np.uint8)
        registers = np.zeros(lanes, dtype=self._type)
        for column in np.ascontiguousarray(padded.reshape(lanes, LANE).T):
            registers = self._table[(registers ^ column) & 0xFF] ^ (registers >> 8)
        power = LANE.bit_length() - 1
        while len(registers) > 1:
            registers = self._apply(self._zeros[power], registers[0::2]) ^ registers[1::2]
            power += 1
        return int(registers[0])


CRC32 = Crc(0xEDB88320, 32)
CRC32C = Crc(0x82F63B78, 32)
CRC64NVME = Crc(0x9A6C9329AC4BC9B5, 64)
