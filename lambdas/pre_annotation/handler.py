"""Pre-annotation function of Ground Truth's image tasks: a manifest line becomes a worker's task.

Ground Truth calls it once per line of the input manifest, with
``{"version", "labelingJobArn", "dataObject": <the manifest line>}``, and hands its ``taskInput`` to the
worker template. The variables are those of AWS's own functions, so that its starter templates work:

- ``task.input.taskObject``: the S3 URI (``source-ref``) or the text (``source``) of the object;
- ``task.input.labels``: the label names, in the order of the job's label category configuration;
- ``task.input.header``: the job's ``TaskDescription``, the sentence above the image;
- ``task.input.manifestLine``: the whole line, for templates that read more of it; only the known answer of
  a gold question (``known-answer`` and its metadata) is taken away, which no worker may see.

Where workers review an earlier label, which the label category configuration names as
``auditLabelAttributeName``, there are also (see reviewed.py):

- ``task.input.initialValue``: that label as ``crowd-bounding-box`` takes it (a list of boxes), or
  ``crowd-semantic-segmentation`` (``{"src": <S3 URI>, "labelMappings"}``);
- ``task.input.reviewedLabels``: the names of the classes in it.

A request names the job and not its labels, so the function asks for the job once per warm process. For a
preview of a job that does not exist yet, the request carries what it would be asked for:
``"task": {"labels", "header", "auditLabelAttributeName"}``, the last where a label is reviewed.

The execution role needs ``sagemaker:DescribeLabelingJob`` on the job, ``s3:GetObject`` on its label
category configuration (and ``kms:Decrypt`` where that is encrypted), and the right to write its log.
"""

import json

from jobs import Task, describe_task, task_of_preview
from reviewed import reviewed_label

KNOWN = ("known-answer", "known-answer-metadata")


def handle(event, context):
    """Answer one request. Raises ValueError when the manifest line or the job cannot be used."""
    line = event["dataObject"]
    sources = [line[name] for name in ("source-ref", "source") if name in line]
    if len(sources) != 1:
        raise ValueError(
            f"a manifest line needs exactly one of source-ref and source: {json.dumps(line)[:200]}"
        )
    task: Task = task_of_preview(event["task"]) if "task" in event else describe_task(event["labelingJobArn"])
    task_input = {
        "taskObject": sources[0],
        "labels": list(task.labels),
        "header": task.header,
        "manifestLine": {name: value for name, value in line.items() if name not in KNOWN},
    }
    if task.reviewed is not None:
        task_input |= reviewed_label(line, task.reviewed)
    return {"taskInput": task_input, "isHumanAnnotationRequired": True}
