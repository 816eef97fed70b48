"""Before workers see a data object: its image is measured, the pre-annotation function makes its task."""

import io
import json
import time

from botocore.exceptions import ClientError
from PIL import Image, UnidentifiedImageError

from localaws.groundtruth.answers import ELEMENTS
from localaws.groundtruth.files import Files, error_code, is_final, is_missing
from localaws.groundtruth.functions import FunctionFailure, Functions
from localaws.groundtruth.labels import account_of, failure_outcome
from localaws.groundtruth.objects import Prepared
from localaws.groundtruth.problems import ObjectFailure
from localaws.groundtruth.task_types import task_type_of
from localaws.groundtruth.threads import in_threads

HEADER_BYTES = 64 * 1024
LARGEST_IMAGE = 40 * 2**20  # bytes
MOST_PIXELS = 100_000_000
LONGEST_SIDE = 65_535  # pixels, as many as a JPEG can have
VERSION = "2018-10-16"  # of the format of the functions' events
THREADS = 8


class Preparation:
    def __init__(self, files: Files, functions: Functions, tell_task: bool = False):
        """``tell_task``, where functions cannot ask about a job: their events tell them what it is."""
        self.files = files
        self.functions = functions
        self.tell_task = tell_task

    def prepare(self, job: dict, task: dict, waiting: list[tuple[int, str]]) -> list[Prepared]:
        """Prepare objects (number, line) side by side. Whatever is wrong with one fails that one alone.

        ``task`` is what the job's task is made of, see ``Jobs``.
        """
        return in_threads(lambda row: self._prepare(job, task, *row), waiting, THREADS)

    def _prepare(self, job: dict, task: dict, number: int, line: str) -> Prepared:
        entry = json.loads(line)
        try:
            check_reviewed(entry, task["reviewed"], job)
            width, height = self._measure(entry, task["tag"])
            reply = self._ask(job, task, entry)
        except ObjectFailure as failure:
            return Prepared(number, "failed", outcome=failure_outcome(job, str(failure), time.time()))
        if not is_wanted(reply):
            return Prepared(number, "unwanted")
        return Prepared(number, "open", json.dumps(reply["taskInput"]), width, height)

    def _measure(self, entry: dict, tag: str) -> tuple[int | None, int | None]:
        """Width and height of the image in pixels; None of what is no image, where none is needed."""
        uri, needed = entry.get("source-ref"), ELEMENTS[tag].needs_image
        if uri is None and needed:
            raise ObjectFailure(
                f"ClientError: The data object is a text (source); <{tag}> needs an image (source-ref)"
            )
        if uri is None:
            return None, None
        try:
            if not needed:
                self.files.size(uri)
                return None, None
            try:
                return image_size(self.files.read(uri, HEADER_BYTES))
            except OSError:  # long metadata can stand before the size
                return image_size(self.files.read(uri, LARGEST_IMAGE))
        except ClientError as error:
            if not is_final(error):
                raise
            found = "does not exist" if is_missing(error) else f"cannot be read ({error_code(error)})"
            raise ObjectFailure(f"ClientError: {uri} {found}") from None
        except (OSError, ValueError, Image.DecompressionBombError) as problem:
            raise ObjectFailure(f"ClientError: {uri}: {problem}") from None

    def _ask(self, job: dict, task: dict, entry: dict) -> dict:
        event = {"version": VERSION, "labelingJobArn": job["LabelingJobArn"], "dataObject": entry}
        if self.tell_task:
            told = {"labels": task["labels"], "header": job["HumanTaskConfig"]["TaskDescription"]}
            reviewed = {"auditLabelAttributeName": task["reviewed"]} if task["reviewed"] else {}
            event["task"] = told | reviewed
        try:
            reply = self.functions.call(job["HumanTaskConfig"]["PreHumanTaskLambdaArn"], event)
        except FunctionFailure as failure:
            raise ObjectFailure(f"ClientError: The pre-annotation function failed: {failure}") from None
        if not isinstance(reply, dict) or (is_wanted(reply) and not isinstance(reply.get("taskInput"), dict)):
            raise ObjectFailure("ClientError: The pre-annotation function returned no taskInput object")
        return reply


def check_reviewed(entry: dict, reviewed: str | None, job: dict) -> None:
    """A job that reviews labels needs one to review. Raises ObjectFailure.

    Which one is for the template to say; the label category configuration may say it too.
    """
    if reviewed is not None:
        if reviewed not in entry:
            raise ObjectFailure(f"ClientError: The data object has no label {reviewed} to review")
        return
    task_type = task_type_of(job["HumanTaskConfig"], account_of(job))
    if task_type and task_type.reviews and not any(f"{name}-metadata" in entry for name in entry):
        raise ObjectFailure("ClientError: The data object has no label of an earlier job to review")


def is_wanted(reply: dict) -> bool:
    """``isHumanAnnotationRequired``, true unless said otherwise; older functions say it with a text."""
    wanted = reply.get("isHumanAnnotationRequired", reply.get("humanAnnotationRequired", True))
    return wanted not in (False, "false", "False")


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height of the stored image from its first bytes; the EXIF orientation is not applied.

    Raises OSError (Pillow's errors are) for what is no JPEG or PNG, or ends before its size is told.
    """
    if not data:
        raise ValueError("the object is empty")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            width, height = image.size
    except UnidentifiedImageError:
        raise OSError("not a JPEG or PNG image") from None
    if max(width, height) > LONGEST_SIDE:
        raise ValueError(f"{width} x {height} pixels; sides of {LONGEST_SIDE} are accepted")
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels; {MOST_PIXELS} are accepted")
    return width, height
