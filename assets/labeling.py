"""From a batch of images to a labeling job that people work on."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from assets.batches import ASKED_FOR_ONCE, Member, batches, read_members, write_left
from assets.content import Places, place_of, places
from assets.costs import Costs, expected_end
from assets.earlier_jobs import earlier_labelings
from assets.function_versions import functions_of
from assets.functions import labeling_functions
from assets.gold import among, gold_questions
from assets.imported import is_imported
from assets.proposals import as_asked, proposal_numbers, propose, proposed_lines
from assets.raw_images import raw_images
from assets.records import OWNERS, publish, read_record
from assets.review import reviewed_lines
from assets.task_template import task_template
from assets.workforce import labeling_team
from resources.estimates import labeling_estimate
from resources.ground_truth import GroundTruth, label_categories, labeling_job_request
from resources.loop import PROPOSALS, Loop
from resources.names import content_hash, job_name, sha256
from resources.object_store import ObjectStore
from resources.portal_link import progress_metadata
from resources.sagemaker_jobs import TransformJobs
from vision.manifest import input_manifest


@dg.asset(
    deps=[raw_images],
    partitions_def=batches,
    group_name="labeling",
    kinds={"s3", "json"},
    owners=OWNERS,
    code_version="1",
)
def labeling_input(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    transform_jobs: TransformJobs,
) -> dg.MaterializeResult:
    """The input manifest of the batch: one line per image that goes to the workers.

    Members that were deleted, changed, or are no longer usable since the batch was made are left out and
    listed; one that was renamed goes by its new name. A review's lines carry the labels that are reviewed.

    With `labeling.proposals` the lines carry what the live model sees, for workers to correct. What it sees
    is asked once: the batch keeps these proposals when another model is live. With `labeling.gold_share` some
    lines are of images whose label is known, to score the workers; the batch keeps those as well.
    """
    batch = context.partition_key
    if is_imported(batch):
        raise dg.Failure(
            f"{batch} came with its labels, so no worker is asked about it. Materialize labeled_manifest.",
            allow_retries=False,
        )
    images = read_record(store, loop, "raw_images")["images"]
    members = read_members(store, loop, batch)
    where = places(images)
    present, lines = still_there(members, where), {}
    if loop.review:
        lines = reviewed_lines(store, loop)
        present = [member for member in present if member["uri"] in lines]
    kept = {member["etag"] for member in present}
    gone = sorted(member["uri"] for member in members if member["etag"] not in kept)
    if not present:
        raise dg.Failure(
            f"None of the {len(members)} images of {batch} is there any more"
            f"{' with a label to review' if loop.review else ''}; the first was {gone[0]}.",
            allow_retries=False,
        )
    costs = Costs(loop, context.log.info)
    gold = gold_questions(store, loop, batch, present, where)
    asked = [*present, *({"uri": uri, "etag": each["etag"]} for uri, each in gold.items())]
    proposals = propose(store, loop, transform_jobs, batch, asked, images, costs)
    if proposals:
        lines = proposed_lines(loop, proposals, asked, images)
        gold = {uri: each | {"line": lines[uri] | each["line"]} for uri, each in gold.items()}
    own = [lines.get(member["uri"], {"source-ref": member["uri"]}) for member in present]
    try:
        body = input_manifest(among(batch, own, gold))
    except ValueError as error:
        raise dg.Failure(
            f"Ground Truth would refuse the manifest of {batch}: {error}", allow_retries=False
        ) from error
    # A name of its own for each content: a job that reads it never sees it change.
    uri = store.write(loop.uri(f"batches/{batch}/input-{sha256(body)[:12]}.manifest"), body)
    return publish(
        store,
        loop,
        "labeling_input",
        {"manifest": uri, "sha256": sha256(body), "images": present}
        | ({"reviewed": PROPOSALS} if proposals else {})
        | ({"gold": asked[len(present) :]} if gold else {}),
        batch=batch,
        metadata={"images": len(present), "gone": len(gone), "gone_images": gone, "manifest": uri}
        | ({"gold_images": len(gold)} if gold else {})
        | proposal_numbers(proposals)
        | costs.metadata(),
    )


def still_there(members: Iterable[Member], where: Places) -> list[Member]:
    placed = ((member, place_of(where, member["uri"], member["etag"])) for member in members)
    return [member | {"uri": uri} for member, uri in placed if uri is not None]


@dg.asset(
    deps=[labeling_input, labeling_team, labeling_functions],
    partitions_def=batches,
    check_specs=[
        dg.AssetCheckSpec(
            "has_not_failed",
            asset="labeling_job",
            description="The sensor `labeling` reports here when the job fails or is stopped.",
        )
    ],
    group_name="labeling",
    kinds={"sagemaker"},
    owners=OWNERS,
    code_version="1",
    retry_policy=ASKED_FOR_ONCE,
)
def labeling_job(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    ground_truth: GroundTruth,
) -> dg.MaterializeResult:
    """The Ground Truth labeling job of the batch, left to the workers as soon as it is started.

    The job is named by what is asked (images, labels, template, workers per image), so asking again adopts
    the running or finished job. The sensor `labeling` observes its progress here and collects the result.
    """
    batch = context.partition_key
    inputs = read_record(store, loop, "labeling_input", batch)
    team = read_record(store, loop, "labeling_team")
    request = job_request(
        store,
        loop,
        as_asked(loop, inputs),
        inputs["manifest"],
        inputs["sha256"],
        attempt_of(inputs["images"]),
    )
    costs, gold = Costs(loop, context.log.info), len(inputs.get("gold", ()))
    images = len(inputs["images"]) + gold
    permit = costs.permit(
        "labeling", lambda: labeling_estimate(loop, images, earlier_labelings(ground_truth, loop))
    )
    job = ground_truth.adopt_or_create(request, permit)
    costs.add(job.name)
    if job.status != "Completed":
        write_left(store, loop, batch, None)
    return publish(
        store,
        loop,
        "labeling_job",
        {"name": job.name, "arn": job.arn, "functions": functions_of(store, loop, job, job.created)},
        batch=batch,
        metadata={
            "labeling_job": job.name,
            "images": images,
            **({"gold_images": gold} if gold else {}),
            "workers_per_object": loop.labeling.workers_per_object,
            **costs.metadata(),
            **expected_end(costs),
            "portal": dg.MetadataValue.url(team["portal"]),
            **progress_metadata(ground_truth.aws, team["portal"], job.name),
        },
        check_results=[dg.AssetCheckResult(check_name="has_not_failed", passed=True)],
    )


def job_request(
    store: ObjectStore, loop: Loop, asked: Loop, manifest: str, manifest_sha256: str, attempt: int = 1
) -> dict[str, Any]:
    """The request for a job about the lines of ``manifest``, with the objects in S3 that it names.

    ``asked`` is the loop as the job asks, see ``as_asked``. Raises dg.Failure before team and functions are
    there.
    """
    team = read_record(store, loop, "labeling_team")
    functions = read_record(store, loop, "labeling_functions")
    template = task_template(asked)
    categories = label_categories(loop.labels, asked.review.attribute if asked.review else None)
    store.ensure_cors(loop.bucket)
    return labeling_job_request(
        asked,
        name=labeling_job_name(asked, manifest_sha256, template, attempt),
        manifest=manifest,
        categories=store.write_json(
            loop.uri(f"labeling/labels-{content_hash(categories)[:12]}.json"), categories
        ),
        template=store.write(
            loop.uri(f"labeling/template-{sha256(template.encode())[:12]}.liquid.html"),
            template.encode(),
            "text/html",
        ),
        output=loop.uri("labeling/output"),
        team_arn=team["arn"],
        role_arn=functions["role"],
        pre_annotation_arn=functions["pre_annotation"]["arn"],
        consolidation_arn=functions["consolidation"]["arn"],
    )


def attempt_of(members: Iterable[Member]) -> int:
    return max(member.get("attempt", 1) for member in members)


def labeling_job_name(loop: Loop, manifest_sha256: str, template: str, attempt: int = 1) -> str:
    """Named by what changes the answers: a new title, time limit or function does not ask people again."""
    inputs = {
        "manifest": manifest_sha256,
        "labels": loop.labels,
        "attribute": loop.label_attribute,
        "template": sha256(template.encode()),
        "workers": loop.labeling.workers_per_object,
    }
    # The images that failed the last time can be all that there are: they need a job of their own.
    return job_name(loop.name, "labels", inputs | ({"attempt": attempt} if attempt > 1 else {}))
