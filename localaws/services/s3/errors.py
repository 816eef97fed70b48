"""S3's errors, in S3's own codes and words."""

import errno
import logging
import sqlite3

from localaws.api import AwsError

OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class S3Error(AwsError):
    """An AwsError with what only S3 adds: response headers, and elements beside Code and Message."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        headers: dict[str, str] | None = None,
        **details: object,
    ):
        super().__init__(code, message, status)
        self.headers = headers or {}
        self.details = details


def no_such_bucket(name: str) -> S3Error:
    return S3Error("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def no_such_key(key: str, headers: dict[str, str] | None = None) -> S3Error:
    return S3Error("NoSuchKey", "The specified key does not exist.", 404, headers, Key=key)


def no_such_version(key: str, version: str) -> S3Error:
    return S3Error("NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version)


def no_such_upload(upload: str) -> S3Error:
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed."
    )
    return S3Error("NoSuchUpload", message, 404, UploadId=upload)


def precondition_failed(condition: str) -> S3Error:
    message = "At least one of the pre-conditions you specified did not hold"
    return S3Error("PreconditionFailed", message, 412, Condition=condition)


def invalid_argument(name: str, value: str, message: str) -> S3Error:
    return S3Error("InvalidArgument", message, 400, ArgumentName=name, ArgumentValue=value)


def malformed_xml(reason: str) -> S3Error:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return S3Error("MalformedXML", f"{message}: {reason}")


def not_implemented(what: str) -> S3Error:
    return S3Error("NotImplemented", f"not implemented by the stand-in: {what}", 501)


def as_s3_error(error: Exception) -> AwsError:
    """Any exception as the answer S3 would give; what nobody foresaw is logged and becomes InternalError."""
    if isinstance(error, AwsError):
        return error
    disk_is_full = (isinstance(error, OSError) and error.errno in OUT_OF_SPACE) or (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    )
    if disk_is_full:
        # Not one of S3's own errors, and of a status that SDKs do not retry: waiting frees no disk.
        message = (
            "The stand-in's disk is full: nothing of this request was stored, all earlier objects are kept."
        )
        return S3Error("InsufficientStorage", message, 507)
    logging.getLogger(__name__).error("S3 request failed", exc_info=error)
    return S3Error("InternalError", f"We encountered an internal error ({type(error).__name__}).", 500)
