"""An S3 endpoint over a folder (s3proxy), on loopback, with one bucket and one pair of keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from obstore.exceptions import BaseError
from obstore.store import S3Store

from deploy.local.ports import answers
from deploy.local.processes import Launch
from deploy.local.server import Place, Tools
from deploy.local.users import make_folder, write_text

NAME: Final = "object_store"
USES: Final = (NAME,)

BUCKET: Final = "logferry"
REGION: Final = "us-east-1"
ACCESS_KEY_ID: Final = "logferry"
ANSWER_TIMEOUT: Final = timedelta(seconds=3)


def secret_access_key(place: Place) -> str:
    """The stack's name: not guessed by another user of the machine, and the same at every start."""
    return place.name


def settings(place: Place) -> dict[str, object]:
    """The proxy's properties."""
    return {
        "s3proxy.endpoint": f"http://127.0.0.1:{place.ports[NAME]}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": ACCESS_KEY_ID,
        "s3proxy.credential": secret_access_key(place),
        "jclouds.provider": "filesystem",
        "jclouds.filesystem.basedir": place.folder / "buckets",
    }


@dataclass(frozen=True)
class ObjectStore:
    """The endpoint at its place."""

    place: Place

    def prepare(self, tools: Tools) -> None:  # noqa: ARG002  # the shape of a server
        """Write the settings, make the bucket: it is a folder."""
        make_folder(self.place.folder / "tmp", self.place.user)
        make_folder(self.place.folder / "buckets", self.place.user)
        make_folder(self.place.folder / "buckets" / BUCKET, self.place.user)
        lines = "".join(f"{key}={value}\n" for key, value in settings(self.place).items())
        write_text(self.place.folder / "s3proxy.properties", lines)

    def launch(self, tools: Tools) -> Launch:
        """One JVM."""
        java = (str(tools.java_home / "bin/java"), "-Xmx256m", f"-Djava.io.tmpdir={self.place.folder / 'tmp'}")
        arguments = ("org.gaul.s3proxy.Main", "--properties", str(self.place.folder / "s3proxy.properties"))
        return Launch(
            command=(*java, "-cp", tools.distribution.class_path, *arguments),
            environment={},
            folder=self.place.folder,
            log=self.place.log,
            user=self.place.user,
        )

    def is_ready(self) -> bool:
        """Whether the bucket can be listed with this stack's keys."""
        if not answers(self.place.ports[NAME]):
            return False
        store = S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{self.place.ports[NAME]}",
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=secret_access_key(self.place),
            region=REGION,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": ANSWER_TIMEOUT},
            retry_config={"max_retries": 0},
        )
        try:
            store.list_with_delimiter()
        except (BaseError, OSError):
            return False
        return True
