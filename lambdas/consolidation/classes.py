"""Classes that several workers chose become one: classification, and verification of earlier labels.

The majority's class wins, of classes with equally many votes the first in the label list. The confidence is
the share of the workers who chose it; ``consensus.workers`` tells how many there were, so a confidence of 1
by a single worker can be told apart.

The label is ``{"class-id", "class-name", "confidence", "consensus"}``, and ``"worker-feedback":
[{"comment"}]`` where workers gave their reasons.
"""

from collections import Counter
from collections.abc import Sequence

from answers import Answer, Ignored, once_per_worker


def consolidate(answers: Sequence[Answer], labels: Sequence[str], ignored: Ignored) -> dict | None:
    """The label of one object, or None when no worker gave a usable answer."""
    known = []
    for answer in answers:
        if answer.value["label"] in labels:
            known.append(answer)
        else:
            text = repr(answer.value["label"])[:200]
            ignored.answers.append(f"worker {answer.worker}: the label {text} is none of {list(labels)}")
    chosen = once_per_worker(known, ignored)
    if not chosen:
        return None
    votes = Counter(answer.value["label"] for answer in chosen)
    class_id = min(range(len(labels)), key=lambda index: -votes[labels[index]])
    return {
        "class-id": class_id,
        "class-name": labels[class_id],
        "confidence": round(votes[labels[class_id]] / len(chosen), 4),
        "consensus": {"workers": len(chosen), "ignored_answers": len(ignored.answers)},
        **worker_feedback(chosen),
    }


def worker_feedback(answers: Sequence[Answer]) -> dict:
    """The workers' comments, which ``crowd-image-classifier`` sends as ``workerComment``, in a fixed order.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-image-classifier.html
    """
    comments = [answer.value.get("workerComment") for answer in answers]
    texts = sorted(text for comment in comments if isinstance(comment, str) and (text := comment.strip()))
    return {"worker-feedback": [{"comment": text} for text in texts]} if texts else {}
