"""Which images the stand-in can run, and what it runs for them.

It has no docker: an image is a name for a program of the same contract. The registries are AWS's own, from
the image URI tables of the SageMaker SDK; an image of the same name in anybody else's is another program.
"""

import re
from dataclasses import dataclass
from pathlib import Path

DETECTOR = Path(__file__).resolve().parents[2] / "detector"

URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.[a-z0-9.-]+"
    r"/(?P<repository>[a-z0-9._/-]+)(:(?P<tag>[\w.-]+))?(@sha256:[0-9a-f]{64})?"
)

# Account numbers, one of each registry.
DEEP_LEARNING_CONTAINERS = (
    "626614931356 871362719292 975050140332 763104351884 364406365360 772153158452 907027046896 457447274322 "
    "550225433462 633930458069 590183813437 204538143572 727897471807 380420809688 371248457586 692866216735 "
    "503227376785 204133271717 780543022126 914824155844 217643126080 124382933778 637423239942 446045086412 "
    "442386744353 886529160074 094389454867 303241398832 454834333376"
)
OBJECT_DETECTION = (
    "455444449433 286214385809 501404015308 306986355934 867004704886 991648021394 628508329040 475088953585 "
    "544295431143 951798379941 106583098589 469771592824 190319476487 390948362332 387376663083 813361260812 "
    "680994064768 669576153137 257386234256 104374241257 685385470294 644912444149 749696950732 898809789911 "
    "272398656194 249704162688 855470959533 811284229777 825641698319 237065988967 226302683700 490574956308 "
    "765400339828 108575199400 124985052026 632365934929 433757028032"
)


class UnknownImage(Exception):
    """The message names the image and the families that can be run."""


@dataclass(frozen=True)
class Family:
    """Programs are files of the project, run as children, never imported; None runs the job's own source."""

    repository: str
    accounts: str
    tags: frozenset[str] | None = None  # None: every tag
    trains: bool = False
    serves: bool = False
    training_program: Path | None = None
    serving_program: Path | None = None
    metrics: tuple[dict[str, str], ...] = ()  # MetricDefinitions that the image brings along


FAMILIES = (
    Family("pytorch-training", DEEP_LEARNING_CONTAINERS, trains=True),
    Family("pytorch-inference", DEEP_LEARNING_CONTAINERS, serves=True),
    Family(
        "object-detection",
        OBJECT_DETECTION,
        tags=frozenset({"1", "latest"}),
        trains=True,
        serves=True,
        training_program=DETECTOR / "object_detection.py",
        serving_program=DETECTOR / "serve.py",
        metrics=(
            {
                "Name": "validation:mAP",
                "Regex": r"#quality_metric: host=\S+, epoch=\S+, validation mAP <score>=\((\S+)\)",
            },
        ),
    ),
)


def training_program(image: str) -> str | None:
    """Path of the program, or None for the job's own source. Raises UnknownImage."""
    family = _find(image, "train", lambda family: family.trains)
    return str(family.training_program) if family.training_program else None


def metric_definitions(image: str) -> list[dict[str, str]]:
    """Those of the image itself: AWS's own algorithms know what they print. Raises UnknownImage."""
    return list(_find(image, "train", lambda family: family.trains).metrics)


def serving_program(image: str) -> str | None:
    """Path of the inference code, or None for the model's own. Raises UnknownImage."""
    family = _find(image, "serve", lambda family: family.serves)
    return str(family.serving_program) if family.serving_program else None


def _find(image: str, verb: str, able) -> Family:
    match = URI.fullmatch(image)
    for family in FAMILIES if match else ():
        if (
            able(family)
            and match["repository"] == family.repository
            and match["account"] in family.accounts
            and (family.tags is None or (match["tag"] or "latest") in family.tags)
        ):
            return family
    known = ", ".join(
        f"*/{family.repository}:{'|'.join(sorted(family.tags)) if family.tags else '*'}"
        for family in FAMILIES
        if able(family)
    )
    raise UnknownImage(
        f"the stand-in has no program for the image {image}. "
        f"To {verb}, it runs images of AWS's own registries: {known}"
    )
