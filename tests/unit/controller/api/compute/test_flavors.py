import pytest

from tests.services.api import api
from tests.services.compute import Compute, compute

FLAVORS = "/compute/v2.1/flavors"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("flavors")
    with stores.sqlite(folder) as store:
        yield compute(api(store, folder))


def make(cloud, status=200, user="admin", **fields):
    answer = cloud.call("POST", FLAVORS, {"flavor": {"ram": 64, "vcpus": 1, "disk": 1} | fields}, user)
    assert answer.status_code == status, answer.text
    return answer.json.get("flavor") if status == 200 else answer.text


def test_a_flavor_is_made_shown_and_deleted(cloud):
    made = make(cloud, name="tiny", **{"swap": "", "OS-FLV-EXT-DATA:ephemeral": 0, "ram": "64", "rxtx_factor": "2.0"})
    shown = cloud.call("GET", f"{FLAVORS}/{made['id']}").json["flavor"]
    assert shown == made
    assert shown["links"][1]["href"] == f"http://cloud.test/compute/flavors/{made['id']}"
    assert (shown["ram"], shown["swap"], shown["rxtx_factor"], shown["os-flavor-access:is_public"]) == (
        64,
        "",
        2.0,
        True,
    )
    assert cloud.call("DELETE", f"{FLAVORS}/{made['id']}", user="admin").status_code == 202
    assert cloud.call("DELETE", f"{FLAVORS}/{made['id']}", user="admin").status_code == 404
    assert cloud.call("GET", f"{FLAVORS}/{made['id']}").status_code == 404


def test_ids_and_names_are_unique(cloud):
    make(cloud, name="one", id="1")
    assert "ID 1" in make(cloud, 409, name="two", id=1)
    assert "name one" in make(cloud, 409, name="one", id="auto")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x", "swap": 512},
        {"name": "x", "OS-FLV-EXT-DATA:ephemeral": 1},
        {"name": "x", "ram": 0},
        {"name": "x", "vcpus": "many"},
        {"name": "x", "id": "a/b"},
        {"name": "x", "color": "red"},
        {"name": "x", "rxtx_factor": 0},
        {"name": "x", "rxtx_factor": 1e300},
        {"name": "x", "rxtx_factor": "9" * 400},
    ],
)
def test_what_does_not_fit_is_refused(cloud, fields):
    make(cloud, 400, **fields)


def test_only_operators_make_them(cloud):
    make(cloud, 403, user="demo", name="mine")
    assert cloud.call("DELETE", f"{FLAVORS}/f1").status_code == 403


def test_hidden_flavors_are_for_operators(cloud):
    make(cloud, name="hidden", id="hidden", **{"os-flavor-access:is_public": False})
    names = lambda user, public: {  # noqa: E731
        f["name"] for f in cloud.call("GET", FLAVORS, user=user, params={"is_public": public}).json["flavors"]
    }
    assert "hidden" in names("admin", "None") & names("admin", "False")
    assert "hidden" not in names("admin", "True") | names("demo", "None")
    assert cloud.call("GET", f"{FLAVORS}/hidden").status_code == 404
    assert "Flavor hidden" in cloud.create(status=400, flavorRef="hidden")["badRequest"]["message"]


def test_lists_come_in_pages_sorted_and_filtered(cloud):
    for i, ram in enumerate((96, 32, 128)):
        make(cloud, name=f"page{i}", id=f"page{i}", ram=ram, disk=i + 10)
    asked = {"minDisk": 10, "sort_key": "memory_mb", "sort_dir": "desc", "limit": 2}
    first = cloud.call("GET", f"{FLAVORS}/detail", params=asked).json
    assert [f["ram"] for f in first["flavors"]] == [128, 96]
    link = first["flavors_links"][0]["href"].removeprefix("http://cloud.test")
    rest = cloud.call("GET", link).json
    assert [f["ram"] for f in rest["flavors"]] == [32]
    assert "flavors_links" not in rest
    assert [f["id"] for f in cloud.call("GET", FLAVORS, params={"minRam": 128, "minDisk": 10}).json["flavors"]] == [
        "page2"
    ]
    for wrong in ({"marker": "nope"}, {"sort_key": "color"}, {"limit": -1}, {"sort_dir": ["asc", "desc"]}):
        assert cloud.call("GET", FLAVORS, params=wrong, params_csv=False).status_code == 400
    assert cloud.call("GET", FLAVORS, params={"limit": 0}).json == {"flavors": []}


def test_extra_specs_are_checked_and_kept(cloud):
    path = f"{FLAVORS}/{make(cloud, name='specs', vcpus=4)['id']}/os-extra_specs"
    specs = {"extra_specs": {"hw:cpu_sockets": 2, "note": "x"}}
    assert cloud.call("POST", path, specs, "admin").json == {"extra_specs": {"hw:cpu_sockets": "2", "note": "x"}}
    assert cloud.call("PUT", f"{path}/note", {"note": "y"}, "admin").json == {"note": "y"}
    assert cloud.call("PUT", f"{path}/note", {"other": "y"}, "admin").status_code == 400
    assert cloud.call("GET", path).json == {"extra_specs": {"hw:cpu_sockets": "2", "note": "y"}}
    assert cloud.call("GET", f"{path}/note").json == {"note": "y"}
    assert "hw:cpu_threads" in cloud.call("POST", path, {"extra_specs": {"hw:cpu_threads": "3"}}, "admin").text
    assert cloud.call("POST", path, {"extra_specs": {"hw:magic": "1"}}, "admin").status_code == 400
    many = {"extra_specs": {f"n{i}": "" for i in range(127)}}
    assert "128" in cloud.call("POST", path, many, "admin").text
    assert cloud.call("POST", path, specs).status_code == 403
    assert cloud.call("DELETE", f"{path}/note", user="admin").status_code == 200
    assert cloud.call("DELETE", f"{path}/note", user="admin").status_code == 404
    assert cloud.call("GET", f"{path}/note").status_code == 404
    assert cloud.call("POST", f"{FLAVORS}/nope/os-extra_specs", specs, "admin").status_code == 404
