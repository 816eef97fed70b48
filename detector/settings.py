"""What a training run is determined by, together with its data and the number of processes."""

from dataclasses import dataclass

from augmentation import STRENGTHS
from model import STRIDES


@dataclass(frozen=True)
class Settings:
    """Raises ValueError, naming the setting, for a value that cannot be trained with."""

    classes: tuple[str, ...]
    epochs: int = 25
    image_size: int = 320
    batch_size: int = 8
    learning_rate: float = 2e-3
    augmentation: str = "light"
    base_width: int = 12
    seed: int = 0

    def __post_init__(self):
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must be different names, at least one: {list(self.classes)}")
        if self.image_size <= 0 or self.image_size % STRIDES[-1]:
            raise ValueError(f"image_size {self.image_size} is not a positive multiple of {STRIDES[-1]}")
        if self.base_width <= 0 or self.base_width % 2:
            raise ValueError(f"base_width {self.base_width} is not a positive even number")
        if self.augmentation not in STRENGTHS:
            raise ValueError(f"augmentation {self.augmentation!r} is not one of {', '.join(STRENGTHS)}")
        for name in ("epochs", "batch_size", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)} is not positive")
