"""Names of folders, files and links are read as Kubernetes writes them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.container_names import (
    ContainerIdentity,
    container_id_of_link,
    container_of_folder,
    log_file_name,
)


def test_a_folder_says_whose_logs_it_holds() -> None:
    found = container_of_folder("/var/log/pods/kube-system_dns-5d78c_0d7f-uid/dns")
    assert found == ContainerIdentity("kube-system", "dns-5d78c", "0d7f-uid", "dns")


@pytest.mark.parametrize(
    "folder", ["", "/", "/var/log", "/var/log/pods/one_two/c", "/a_b_c/", "a_b_c", "/var/log/pods/a_b_c_d/x"]
)
def test_any_other_folder_is_none(folder: str) -> None:
    assert container_of_folder(folder) is None


def test_names_sort_in_the_order_in_which_the_files_were_written() -> None:
    names = [
        "0.log.20261121-010203.gz", "0.log.20261121-010204", "0.log.20261121-010205", "0.log",
        "1.log.20261121-010206", "1.log", "2.log", "10.log",
    ]  # fmt: skip
    parsed = [log_file_name(name) for name in names]
    assert all(one is not None and other is not None and one < other for one, other in pairwise(parsed))


@pytest.mark.parametrize(
    "name",
    [
        "0.log.20261121-010203.gz.tmp",
        "0.log.tmp",
        ".0.log",
        "x.log",
        "0.log.gz",
        "0.log.2026",
        "log",
        "",
        "0.log\n",
        "-1.log",
    ],
)
def test_other_names_are_no_log_files(name: str) -> None:
    assert log_file_name(name) is None


def test_a_link_ends_with_the_container_id() -> None:
    identity = "ab" * 32
    assert container_id_of_link(f"dns-5d78c_kube-system_dns-{identity}.log") == identity
    assert container_id_of_link(f"dns-5d78c_kube-system_dns-{identity[:-1]}.log") is None


@given(st.text(max_size=60))
def test_any_name_is_read_or_none(name: str) -> None:
    log_file_name(name)
    container_of_folder(name)
    container_id_of_link(name)
