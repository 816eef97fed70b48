"""How answered objects are put together for consolidation."""

from localaws.groundtruth.batches import MOST_BYTES, Batches
from localaws.groundtruth.objects import NewObject, Objects, Prepared
from localaws.groundtruth.tables import create_tables
from localaws.groundtruth.tasks import Tasks
from localaws.store import Store

JOB = "job"


def batches_of(store: Store, concurrent: int, lengths: list[int]) -> list[tuple[int, int, list[int]]]:
    """Answer objects with texts of these lengths; (number, iteration, objects) of each batch."""
    create_tables(store.connection)
    objects, tasks, batches = Objects(store), Tasks(store), Batches(store)
    objects.replace_all(JOB, [NewObject(number, "{}") for number in range(len(lengths))])
    opened = [Prepared(number, "open", "{}", 1, 1) for number in range(len(lengths))]
    objects.offer(JOB, opened, workers=1, lifetime=60)
    tasks.know_worker("anna", "sub", "issuer")
    for length in lengths:
        tasks.submit(tasks.claim(JOB, "anna", 60), "anna", "x" * length)
    batches.assign(JOB, concurrent)
    batches.assign(JOB, concurrent)  # again, as after a crash: nothing is left to put anywhere
    return [
        (batch.number, batch.iteration, [number for number, _ in batches.objects(batch)])
        for batch in batches.unfinished(JOB)
    ]


def test_a_batch_holds_no_two_iterations(tmp_path):
    assert batches_of(Store(tmp_path / "s"), 2, [1] * 5) == [(1, 1, [0, 1]), (2, 2, [2, 3]), (3, 3, [4])]


def test_a_batch_stays_within_what_a_function_can_return(tmp_path):
    half = MOST_BYTES // 2
    assert batches_of(Store(tmp_path / "s"), 1000, [half, half, 1, MOST_BYTES + 1, 1]) == [
        (1, 1, [0, 1]),
        (2, 1, [2]),
        (3, 1, [3]),
        (4, 1, [4]),
    ]


def test_a_batch_has_at_most_a_hundred_objects_and_a_time_of_its_own(tmp_path):
    store = Store(tmp_path / "s")
    assert [len(numbers) for _, _, numbers in batches_of(store, 1000, [1] * 150)] == [100, 50]
    moments = [batch.moment for batch in Batches(store).unfinished(JOB)]
    assert moments[1] == moments[0] + 1  # their files are named after it
