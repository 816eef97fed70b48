"""What a training run is determined by, together with its data and the number of processes."""

from dataclasses import dataclass

from augmentation import STRENGTHS
from model import STRIDES
from networks import OWN, check_name

EPOCHS = 25
ORIENTATIONS = ("upright", "any")


@dataclass(frozen=True)
class Settings:
    """Raises ValueError, naming the setting, for a value that cannot be trained with."""

    classes: tuple[str, ...]
    epochs: int | None = None  # EPOCHS, unless there are minutes
    minutes: float | None = None  # of training with its evaluations; reading and writing come on top
    image_size: int = 320
    batch_size: int = 8
    learning_rate: float = 2e-3
    augmentation: str = "auto"  # light or full, by the number of epochs
    orientation: str = "upright"  # any: pictures are as right when they are turned or mirrored
    base_width: int = 16
    patience: int = 0  # evaluations without a better model that end the run; 0: it takes its course
    seed: int = 0
    backbone: str = OWN  # or LIBRARY/NETWORK
    backbone_weights: str | None = None  # a file of the library's; None: a backbone begins at random

    def __post_init__(self):
        if self.epochs is None and self.minutes is None:
            object.__setattr__(self, "epochs", EPOCHS)
        if self.epochs is not None and self.minutes is not None:
            raise ValueError(f"epochs {self.epochs} and minutes {self.minutes}: give only one of them")
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must be different names, at least one: {list(self.classes)}")
        if self.image_size <= 0 or self.image_size % STRIDES[-1]:
            raise ValueError(f"image_size {self.image_size} is not a positive multiple of {STRIDES[-1]}")
        if self.base_width <= 0 or self.base_width % 2:
            raise ValueError(f"base_width {self.base_width} is not a positive even number")
        if self.augmentation not in ("auto", *STRENGTHS):
            raise ValueError(f"augmentation {self.augmentation!r} is not one of auto, {', '.join(STRENGTHS)}")
        if self.orientation not in ORIENTATIONS:
            raise ValueError(f"orientation {self.orientation!r} is not one of {', '.join(ORIENTATIONS)}")
        check_name(self.backbone)
        if self.backbone_weights and self.backbone == OWN:
            raise ValueError(
                f"backbone_weights {self.backbone_weights}: the backbone {OWN} has none to read, "
                "name one of torchvision or timm"
            )
        if self.patience < 0:
            raise ValueError(f"patience {self.patience} is negative")
        for name in ("epochs", "minutes", "batch_size", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} {value} is not positive")

    @property
    def length(self) -> str:
        return f"{self.minutes:g} minutes" if self.minutes else f"{self.epochs} epochs"
