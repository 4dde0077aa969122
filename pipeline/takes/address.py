"""What `--store` names: a folder, or a place in an object store. Nothing is opened here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import StoreError, UsageError
from pipeline.hashing import digest
from pipeline.registry.places import default_cache

SCHEME = "s3://"
ENDPOINT = "FULLCAST_S3_ENDPOINT"


@dataclass(frozen=True)
class BucketAddress:
    """A place in an object store. Small and without secrets: it is sent to workers on other machines.

    Attributes:
        url: `s3://bucket/prefix`.
        endpoint: URL of an S3-compatible server; None for what the environment says.
    """

    url: str
    endpoint: str | None = None

    def local_folder(self) -> Path:
        """Where this machine keeps what is its own of that store: fetched takes, masters, logs."""
        return default_cache() / "stores" / digest([self.url, self.endpoint or ""])[:16]

    def __str__(self) -> str:
        return self.url


StoreAddress = Path | BucketAddress


def parse_store(text: str) -> StoreAddress:
    """The address that a person wrote.

    Raises:
        UsageError: a URL of another kind, or without a bucket.
        StoreError: a file stands where the folder would be.
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        path = Path(text)
        if path.exists() and not path.is_dir():
            raise StoreError(
                f"--store {text}: a file stands there", hint="give a folder or s3://BUCKET/PREFIX"
            )
        return path
    if scheme != "s3":
        raise UsageError(
            f"--store {text}: '{scheme}' is not known", hint="give a folder or s3://BUCKET/PREFIX"
        )
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise UsageError(f"--store {text}: no bucket", hint="give s3://BUCKET/PREFIX")
    url = f"{SCHEME}{bucket}/{prefix.strip('/')}".rstrip("/")
    return BucketAddress(url, os.environ.get(ENDPOINT) or None)


def local_folder(address: StoreAddress) -> Path:
    """Where this machine keeps what goes with the takes: the store's own folder, or one in the cache."""
    return address.local_folder() if isinstance(address, BucketAddress) else address
