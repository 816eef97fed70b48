"""Errors with which a model's own code says what status the caller gets.

As in https://github.com/aws/sagemaker-inference-toolkit, src/sagemaker_inference/errors.py.
"""


class BaseInferenceToolkitError(Exception):
    def __init__(self, status_code: int, message: str, phrase: str):
        self.status_code, self.message, self.phrase = status_code, message, phrase
        super().__init__(status_code, message, phrase)


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    def __init__(self, status_code: int, message: str | None = None, phrase: str | None = None):
        message = message or "Invalid Request"
        super().__init__(status_code, message, phrase or message)
