"""What the tests of masks share: templates, what a drawn shape must be, and the answer's PNG as labels."""

import base64
import io

import numpy as np
from PIL import Image

TAG = "crowd-semantic-segmentation"
WIDTH, HEIGHT = 400, 300  # of the picture plain.png
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c"]  # of the first labels
SQUARE = [(40, 30), (140, 30), (140, 90), (40, 90)]  # corners to click


def template(labels: str = '["cat", "dog", "bird"]', attributes: str = "", picture: str = "plain.png") -> str:
    return f"""
      <script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
      <crowd-form>
        <crowd-semantic-segmentation name="mask" src="/pictures/{picture}" header="Paint the animals"
                                     labels='{labels}' {attributes}>
          <full-instructions header="Masks"><p>Every pixel of an animal.</p></full-instructions>
          <short-instructions><p>Paint every animal.</p></short-instructions>
        </crowd-semantic-segmentation>
      </crowd-form>"""


def blank() -> np.ndarray:
    """A mask of label numbers: 0 is unlabeled, i + 1 is label i."""
    return np.zeros((HEIGHT, WIDTH), np.uint8)


def disc(x: float, y: float, diameter: float) -> np.ndarray:
    """Which pixels have their centre in a disc."""
    return stroke((x, y), (x, y), diameter)


def stroke(start: tuple[float, float], end: tuple[float, float], diameter: float) -> np.ndarray:
    """Which pixels have their centre no farther than half the diameter from the line between two points."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    (ax, ay), (bx, by) = start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = ((columns - ax) * (bx - ax) + (rows - ay) * (by - ay)) / length if length else np.zeros_like(rows)
    along = np.clip(along, 0, 1)
    distance = np.hypot(columns - ax - along * (bx - ax), rows - ay - along * (by - ay))
    return distance <= diameter / 2


def polygon(task, *corners: tuple[int, int]) -> None:
    task.press("p")
    for corner in corners:
        task.click(*corner)


def drawn(task) -> np.ndarray:
    """The mask as the element has it now."""
    size, pixels = task.element.evaluate(
        """({ mask: { raster: { width, height, pixels } } }) => {
          const letters = Array.from(pixels, (value) => String.fromCharCode(value));
          return [[height, width], btoa(letters.join(""))];
        }"""
    )
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(size)


def counts(task) -> dict[int, int]:
    """How many pixels each label number has."""
    numbers, pixels = np.unique(drawn(task), return_counts=True)
    return dict(zip(numbers.tolist(), pixels.tolist(), strict=True))


def submitted(answer: dict, labels: tuple[str, ...] = ("cat", "dog", "bird")) -> np.ndarray:
    """The mask of an answer, from its PNG and its labelMappings alone. Every pixel must be of one of these
    colours, or fully transparent."""
    value = answer["mask"]
    image = Image.open(io.BytesIO(base64.b64decode(value["labeledImage"]["pngImageData"])))
    assert image.mode == "RGBA"
    pixels = np.asarray(image)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    explained = pixels[..., 3] == 0
    for label, mapping in value["labelMappings"].items():
        here = (pixels == [*bytes.fromhex(mapping["color"][1:]), 255]).all(axis=-1)
        assert here.any(), f"{label} is listed and has no pixel"
        mask[here] = labels.index(label) + 1
        explained |= here
    assert explained.all()
    return mask


def mask_png(mask: np.ndarray, colours: list[str], mode: str = "RGBA", background: str = "#ffffff") -> bytes:
    """A PNG of label numbers; ``background`` is what unlabeled pixels show where the mode has no alpha."""
    palette = [bytes.fromhex(colour[1:]) for colour in [background, *colours]]
    if mode == "P":
        image = Image.fromarray(mask, "P")
        image.putpalette(b"".join(palette))
    else:
        rgba = np.array([[*colour, 255] for colour in palette], np.uint8)
        rgba[0, 3] = 0 if mode == "RGBA" else 255
        image = Image.fromarray(rgba[mask], "RGBA").convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
