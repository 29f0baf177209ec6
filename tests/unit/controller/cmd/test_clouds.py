"""clouds.yaml: what clients read, and what the next ``toft up`` reads again."""

from pathlib import Path

import openstack
import pytest
import yaml

from controller.cmd import clouds

SECRET = {clouds.TENANT: "one", clouds.ADMIN: "two"}


@pytest.mark.filterwarnings("ignore:Support for InfluxDB")
def test_clients_find_both_clouds(tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    clouds.write(file, "http://127.0.0.1:8774", SECRET)
    config = openstack.config.OpenStackConfig(config_files=[str(file)], vendor_files=[], secure_files=[])
    for cloud, (user, project, _role) in clouds.ACCOUNTS.items():
        told = config.get_one(cloud=cloud).config["auth"]
        assert (told["username"], told["project_name"], told["password"]) == (user, project, SECRET[cloud])
        assert told["auth_url"] == "http://127.0.0.1:8774/identity/v3"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    file.touch(0o644)
    clouds.write(file, "http://127.0.0.1:8774", SECRET)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_passwords_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    made = clouds.passwords(file)
    assert len(set(made.values())) == 2
    clouds.write(file, "http://127.0.0.1:8774", made)
    assert clouds.passwords(file) == made


@pytest.mark.parametrize("content", ["", "clouds: {}", "[", yaml.safe_dump({"clouds": {clouds.TENANT: {"auth": {}}}})])
def test_a_file_without_them_gives_new_ones(tmp_path: Path, content: str) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(content)
    made = clouds.passwords(file)
    assert made.keys() == clouds.ACCOUNTS.keys()
    assert clouds.passwords(file) != made
