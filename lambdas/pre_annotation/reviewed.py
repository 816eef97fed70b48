"""An earlier label in a manifest line, as the crowd elements take it to start from.

The names of its classes are in the metadata when a built-in task made it, in the label itself when a custom
one did. Source of the forms: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import json
from collections.abc import Callable

BACKGROUND = ("0", "BACKGROUND")  # pixel value and class name
SIDES = ("left", "top", "width", "height")


def reviewed_label(line: dict, attribute: str) -> dict:
    """``initialValue`` and ``reviewedLabels`` of the label under ``attribute``: boxes, or a mask.

    Raises ValueError that names the field of the line in which something is missing or wrong.
    """
    label, metadata = line.get(attribute), line.get(f"{attribute}-metadata", {})
    if label is None:
        reason = metadata.get("failure-reason") if isinstance(metadata, dict) else None
        failed = f": it failed before: {str(reason)[:200]}" if reason else ""
        raise ValueError(f"the manifest line has no label {attribute} to review{failed}")
    if not isinstance(metadata, dict):
        raise ValueError(f"{attribute}-metadata must be an object, not {shortened(metadata)}")
    if isinstance(label, str):
        return mask(label, metadata.get("internal-color-map"), f"{attribute}-metadata", attribute)
    if isinstance(label, dict) and "mask-ref" in label:
        colours = label.get("internal-color-map", metadata.get("internal-color-map"))
        return mask(label["mask-ref"], colours, attribute, f"{attribute}.mask-ref")
    if isinstance(label, dict) and isinstance(label.get("annotations"), list):
        class_map = metadata.get("class-map", label.get("class-map", {}))
        return boxes(label["annotations"], class_map, attribute)
    raise ValueError(f"{attribute} is neither boxes (annotations) nor a mask: {shortened(label)}")


def boxes(annotations: list, class_map: object, attribute: str) -> dict:
    if not isinstance(class_map, dict):
        raise ValueError(f"the class-map of {attribute} must be an object, not {shortened(class_map)}")
    drawn = []
    for number, annotation in enumerate(annotations):
        where = f"{attribute}.annotations[{number}]"
        if not isinstance(annotation, dict):
            raise ValueError(f"{where} must be an object, not {shortened(annotation)}")
        sides = {side: annotation.get(side) for side in SIDES}
        if not all(type(value) in (int, float) for value in sides.values()):
            raise ValueError(f"{where} needs numbers for {', '.join(SIDES)}: {shortened(annotation)}")
        name = class_map.get(str(annotation.get("class_id")))
        if not isinstance(name, str):
            missing = f"class {annotation.get('class_id')} of {where}"
            raise ValueError(f"{missing} has no name in the class-map {shortened(class_map)}")
        drawn.append({"label": name} | sides)
    return {"initialValue": drawn, "reviewedLabels": in_order(class_map, f"the class-map of {attribute}")}


def mask(uri: object, colour_map: object, holder: str, place: str) -> dict:
    """``holder`` and ``place`` are the fields in which the colour map and the URI should be."""
    if not isinstance(uri, str) or not uri.startswith("s3://"):
        raise ValueError(f"{place} must be the S3 URI of a mask, not {shortened(uri)}")
    where = f"{holder}.internal-color-map"
    if not isinstance(colour_map, dict):
        raise ValueError(f"{where} must be an object, not {shortened(colour_map)}")
    mappings = {}
    for value in sorted(colour_map, key=class_number(where)):
        entry = colour_map[value]
        name, colour = (
            (entry.get("class-name"), entry.get("hex-color")) if isinstance(entry, dict) else (None, None)
        )
        if not isinstance(name, str) or not isinstance(colour, str):
            raise ValueError(f"{where}[{value}] needs a class-name and a hex-color: {shortened(entry)}")
        if (value, name) != BACKGROUND:
            mappings[name] = {"color": colour}
    return {"initialValue": {"src": uri, "labelMappings": mappings}, "reviewedLabels": list(mappings)}


def in_order(class_map: dict, where: str) -> list[str]:
    """The names of a class map by class id."""
    names = [class_map[key] for key in sorted(class_map, key=class_number(where))]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"{where} must give texts as names: {shortened(class_map)}")
    return names


def class_number(where: str) -> Callable[[str], int]:
    def number(key: str) -> int:
        if not key.isdecimal():
            raise ValueError(f"{where} has the key {key!r}, which is no class id")
        return int(key)

    return number


def shortened(value: object) -> str:
    return json.dumps(value)[:200]
