"""The operator's way into a cloud, over a real API."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controller.cmd import cloud as cloud_cmd
from controller.cmd.clouds import ADMIN, TENANT
from tests.functional.cloud import Cloud, running

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture
def enter(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(cloud.clouds))
    return cloud


def test_the_operator_is_who_asks_unless_told(enter: Cloud) -> None:
    assert "hosts" in cloud_cmd.session(None).get("/hosts")


def test_the_environment_names_another(enter: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLOUD", TENANT)
    with pytest.raises(click.ClickException, match="policy does not allow operator:hosts:read"):
        cloud_cmd.session(None).get("/hosts")


def test_the_caller_names_another(enter: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLOUD", TENANT)
    assert "hosts" in cloud_cmd.session(ADMIN).get("/hosts")


def test_refusals_are_in_the_clouds_own_words(enter: Cloud) -> None:
    api = cloud_cmd.session(ADMIN)
    with pytest.raises(click.ClickException, match="there is nothing at this address"):
        api.post("/nowhere")
    with pytest.raises(click.ClickException, match="does not know that method"):
        api.delete("/hosts")


def test_a_cloud_that_is_not_there_is_one_line(enter: Cloud) -> None:
    with pytest.raises(click.ClickException, match=r"no cloud to speak to: Cloud nowhere was not found"):
        cloud_cmd.session("nowhere")


def test_a_cloud_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clouds.yaml"
    auth = "{auth_url: 'http://127.0.0.1:1/v3', username: a, password: b, project_name: c}"
    file.write_text(f"clouds: {{{ADMIN}: {{auth: {auth}}}}}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(click.ClickException, match="the cloud cannot be reached"):
        cloud_cmd.session(None).get("/hosts")
