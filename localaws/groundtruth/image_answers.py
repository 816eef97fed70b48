"""What answers about an image have in common, boxes and masks alike."""

from localaws.groundtruth.problems import InvalidAnswer


def check_fields(value: object, tag: str, needed: set[str]) -> None:
    """Exactly the ``needed`` fields, and perhaps ``initialValueModified``. Raises InvalidAnswer."""
    if not isinstance(value, dict) or not needed <= set(value) <= needed | {"initialValueModified"}:
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise InvalidAnswer(f"a {tag} answers with {' and '.join(sorted(needed))}, not with {found}")
    if not isinstance(value.get("initialValueModified", False), bool):
        raise InvalidAnswer("initialValueModified must be true or false")


def check_size(size: object, width: int | None, height: int | None) -> None:
    """``inputImageProperties`` are pixels of the stored image, whatever its EXIF orientation.

    Raises InvalidAnswer.
    """
    expected = {"height": height, "width": width}
    if size != expected or any(type(side) is not int for side in size.values()):
        raise InvalidAnswer(f"inputImageProperties are {size}, but the stored image has {expected}")
