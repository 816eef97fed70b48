"""What can be wrong with what people hand in."""


class InvalidAnswer(ValueError):
    """A worker's answer that cannot be accepted; the message says what is wrong with it."""


class JobFailure(Exception):
    """The whole labeling job cannot go on; the message becomes its FailureReason."""


class ObjectFailure(Exception):
    """One data object cannot be labeled; the message becomes its failure-reason."""


class TemplateProblem(ValueError):
    """A worker template that cannot be shown."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message
