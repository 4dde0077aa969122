"""A shelf in an S3-compatible object store, through s3fs (the extra `s3`).

Endpoint and credentials come from the usual environment variables; `FULLCAST_S3_ENDPOINT` stands above
`AWS_ENDPOINT_URL_S3`. Faults are waited out here, by our own patience, so s3fs and botocore try once.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pipeline.errors import FullcastError, MissingError, StoreError
from pipeline.takes.bucket_listing import first_names, object_names
from pipeline.takes.patience import VARIABLE, Patience, patience_from_environment, persist

T = TypeVar("T")

CONNECT_S = 10.0
# A server that is silent for so long is asked again; a take is a few hundred kB.
SILENCE_S = 30.0
CONNECTIONS = 32
# What a server answers when the clocks differ by more than a quarter of an hour.
SKEWED = "RequestTimeTooSkewed"
# A signed URL is used at once; clocks that differ by minutes are allowed for.
SIGNED_S = 900
_REFUSED = (errno.EINVAL, errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENAMETOOLONG)
# Refusals that no second try would change, whatever exception they come as.
_REFUSED_NAMES = ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "ProfileNotFound")


class BucketShelf:
    """Objects below a prefix of a bucket. Owns its connections; may be used by many threads.

    Args:
        url: `s3://bucket/prefix`.
        endpoint: URL of the server; that of AWS, or of the environment, if None.
    """

    def __init__(self, url: str, endpoint: str | None = None, patience: Patience | None = None) -> None:
        self._bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._prefix = prefix.strip("/")
        self._url = url.rstrip("/")
        self._patience = patience or patience_from_environment()
        self._fs = _connect(endpoint)
        self._http = _http_pool()

    @property
    def place(self) -> str:
        """The URL."""
        return self._url

    def read(self, name: str) -> bytes | None:
        """The object's bytes, all that the server promised; None if there is none."""
        path = f"{self._bucket}/{self._key(name)}"
        return self._ask(name, lambda: bytes(self._fs.cat_file(path)), absent=None)

    def write(self, name: str, data: bytes) -> None:
        """Puts the object in one request: it is there whole or not at all."""
        self._ask(name, lambda: self._call("put_object", Key=self._key(name), Body=data))

    def has(self, name: str) -> bool:
        """Whether there is such an object; one request."""
        return self._head(name) is not None

    def size_bytes(self, name: str) -> int:
        """The object's size; 0 if there is none."""
        found = self._head(name)
        return 0 if found is None else int(found["ContentLength"])

    def remove(self, name: str) -> bool:
        """Removes an object; False if there was none."""
        there = self.has(name)
        if there:
            self._ask(name, lambda: self._call("delete_object", Key=self._key(name)), absent=None)
        return there

    def rename(self, name: str, other: str) -> None:
        """Copies, then removes: object stores cannot rename."""
        source = {"Bucket": self._bucket, "Key": self._key(name)}
        copied = self._ask(
            name, lambda: self._call("copy_object", Key=self._key(other), CopySource=source), absent=None
        )
        if copied is not None:
            self._ask(name, lambda: self._call("delete_object", Key=self._key(name)), absent=None)

    def names(self, folder: str) -> Iterator[str]:
        """Names of the objects right below `folder`, in order: a request for each thousand."""
        prefix = self._key(folder) + "/"
        return object_names(prefix, lambda more: self._ask(folder, lambda: self._page(more)))

    def few_names(self, folder: str) -> list[str] | None:
        """Names of all objects below `folder`, however deep, if one request tells them; else None."""
        prefix = self._key(folder) + "/"
        return first_names(prefix, lambda more: self._ask(folder, lambda: self._page(more)))

    def demand_writable(self, folder: str) -> None:
        """Writes a small object and removes it.

        Raises:
            StoreError: there is no such bucket, or it may not be written.
        """
        probe = f"{folder}/.probe"
        self.write(probe, b"")
        self._ask(probe, lambda: self._call("delete_object", Key=self._key(probe)), absent=None)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _call(self, operation: str, **arguments: Any) -> Any:
        return self._fs.call_s3(operation, Bucket=self._bucket, **arguments)

    def _page(self, parameters: dict[str, str]) -> bytes:
        """The XML of one page of a listing."""
        from fsspec.asyn import sync

        url = sync(self._fs.loop, self._signed, parameters)
        answer = self._http.request("GET", url)
        if answer.status == 200:
            return answer.data
        if answer.status == 404:
            raise _NoBucketError(self._bucket)
        if answer.status in (400, 401, 403, 405, 501) and SKEWED.encode() not in answer.data:
            raise PermissionError(f"listing it is answered with {answer.status}")
        raise OSError(errno.EIO, f"listing it is answered with {answer.status}")

    async def _signed(self, parameters: dict[str, str]) -> str:
        client = await self._fs.get_s3(self._bucket)
        asked = {"Bucket": self._bucket, **parameters}
        url: str = await client.generate_presigned_url("list_objects_v2", Params=asked, ExpiresIn=SIGNED_S)
        return url

    def _head(self, name: str) -> Any:
        return self._ask(name, lambda: self._call("head_object", Key=self._key(name)), absent=None)

    def _ask(self, name: str, request: Callable[[], T], absent: Any = ...) -> T | Any:
        """The server's answer, waited for; `absent` if it has no such object.

        Raises:
            StoreError: it refuses, or patience has ended.
        """
        try:
            return persist(request, is_transient, self._patience)
        except FileNotFoundError as error:
            if absent is not ... and not _no_bucket(error):
                return absent
            raise self._no_bucket_error() from error
        except (TypeError, AttributeError, FullcastError):  # bugs, and errors that are told already
            raise
        except Exception as error:
            raise self._failed(name, error) from error

    def _no_bucket_error(self) -> StoreError:
        return StoreError(f"no bucket '{self._bucket}'", where=self._url, hint="make it, or mend --store")

    def _failed(self, name: str, error: Exception) -> StoreError:
        said = " ".join((str(error) or type(error).__name__).split())[:200]
        if is_transient(error):
            waited = f"the store did not answer for {self._patience.total_s:.0f} s"
            hint = (
                "nothing is lost: run the same command again when it is back"
                f" ({VARIABLE} says for how many seconds it is waited)"
            )
            return StoreError(f"{waited}: {said}", where=self._url, hint=hint)
        hint = "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and FULLCAST_S3_ENDPOINT (docs/stores.md)"
        return StoreError(f"the store refuses '{name}': {said}", where=self._url, hint=hint)


def is_transient(error: Exception) -> bool:
    """Whether asking again may help: everything but plain refusals and what is not there.

    500, 503, refused and cut connections, time-outs and bodies that end early come as many classes of
    botocore, aiohttp and s3fs; what a server says for good comes as few. A clock that jumped may jump back.
    """
    if _code(error) == SKEWED:
        return True
    if isinstance(error, FullcastError | FileNotFoundError | PermissionError | TypeError | AttributeError):
        return False
    if type(error).__name__ in _REFUSED_NAMES:
        return False
    return not (isinstance(error, OSError) and error.errno in _REFUSED)


class _NoBucketError(FileNotFoundError):
    """What a listing answers with 404 is the bucket."""


def _no_bucket(error: FileNotFoundError) -> bool:
    if isinstance(error, _NoBucketError):
        return True
    return _code(error) == "NoSuchBucket"


def _code(error: Exception) -> str | None:
    """The server's own word for what is wrong, where an exception carries it."""
    answer = getattr(error.__cause__, "response", None) or {}
    code: str | None = answer.get("Error", {}).get("Code")
    return code


def _connect(endpoint: str | None) -> Any:
    try:
        import s3fs
    except ImportError as error:
        raise MissingError(
            "an s3:// store needs the package s3fs", hint="run: pip install 'fullcast[s3]'"
        ) from error
    fs = s3fs.S3FileSystem(
        endpoint_url=endpoint,
        skip_instance_cache=True,  # one made before a fork or with other settings must not come back
        use_listings_cache=False,
        config_kwargs={
            "connect_timeout": CONNECT_S,
            "read_timeout": SILENCE_S,
            "max_pool_connections": CONNECTIONS,
            "retries": {"max_attempts": 0},
            "signature_version": "s3v4",
            # Trailing checksums, which botocore sends since 1.36, are unknown to many compatible servers.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    )
    fs.retries = 1
    fs.connect()  # now: threads that ask first at the same time would find half a client
    return fs


def _http_pool() -> Any:
    """Connections for listings; botocore brings urllib3 along."""
    import urllib3

    timeout = urllib3.Timeout(connect=CONNECT_S, read=SILENCE_S)
    return urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=timeout, block=True)
