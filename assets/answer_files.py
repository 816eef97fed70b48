"""Where the answers of the workers are that a label was made of.

Ground Truth keeps them under <S3OutputPath>/<job>/annotations/worker-response/iteration-<n>/<number>/, where
the number is that of the image's line in the job's input manifest, counted from 0; lines that the job passes
over, as they have a label, are counted too.
https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assets.function_versions import functions_of
from resources.ground_truth import LabelingJob
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.manifest import LabeledManifest

ANSWER = re.compile(r"iteration-\d+/(?P<number>\d+)/[^/]+\.json")


def answers_uri(job: LabelingJob) -> str:
    """What the URIs of all answer files of a job with a result start with."""
    return f"{job.output_uri.rpartition('/manifests/')[0]}/annotations/worker-response/"


def answers_by_image(images: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """``images`` in the order of the job's input manifest; ``names`` of files, from the iteration on."""
    found: dict[str, list[str]] = {}
    for name in names:
        match = ANSWER.fullmatch(name)
        if match and int(match["number"]) < len(images):
            found.setdefault(images[int(match["number"])], []).append(name)
    return found


def answer_uris(store: ObjectStore, job: LabelingJob, images: Sequence[str]) -> dict[str, list[str]]:
    """The URIs of the answer files of each image; ``images`` in the order of the job's input manifest."""
    prefix = answers_uri(job)
    names = [found.uri.removeprefix(prefix) for found in store.list(prefix)]
    return {
        image: [prefix + name for name in some] for image, some in answers_by_image(images, names).items()
    }


def made_by(
    store: ObjectStore, loop: Loop, job: LabelingJob | None, images: Sequence[str], manifest: LabeledManifest
) -> dict[str, Any]:
    """What a batch's record tells of the origin of its labels; one listing, and no answer is read.

    ``answers`` has the files of each image under a common prefix, ``functions`` what the job called. A batch
    that was imported, without a job, has neither.
    """
    if job is None:
        return {"answers": {"prefix": "", "files": {}}, "functions": {}}
    prefix = answers_uri(job)
    names = [found.uri.removeprefix(prefix) for found in store.list(prefix)]
    labeled = {image.uri for image in manifest.images}
    files = {uri: some for uri, some in answers_by_image(images, names).items() if uri in labeled}
    return {
        "answers": {"prefix": prefix, "files": files},
        "functions": functions_of(store, loop, job, job.modified),
    }


def with_files(made: Mapping[str, Any], files: Mapping[str, Sequence[str]], loop: Loop) -> dict[str, Any]:
    """``made`` with the answer files of a second job of the batch, by image: URIs."""
    if not files:
        return dict(made)
    common = loop.uri("labeling/output/")
    first = {
        uri: [made["answers"]["prefix"] + name for name in names]
        for uri, names in made["answers"]["files"].items()
    }
    both = {
        uri: [name.removeprefix(common) for name in [*names, *files.get(uri, ())]]
        for uri, names in first.items()
    }
    return dict(made) | {"answers": {"prefix": common, "files": both}}


def origin_metadata(made: Mapping[str, Any]) -> dict[str, Any]:
    """``made`` as ``made_by`` told it, for the page of the asset."""
    if not made["functions"]:
        return {}
    return {
        "answer_files": sum(map(len, made["answers"]["files"].values())),
        "answers": made["answers"]["prefix"],
        **{
            f"{kind}_sha256": ", then ".join(function["sha256"])
            for kind, function in made["functions"].items()
        },
    }
