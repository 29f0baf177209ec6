"""Members of server groups, over the life of their servers."""

from controller.admission.server_groups import CreateGroup
from controller.admission.server_hints import Where
from controller.db import groups
from tests.doubles.project import PROJECT
from tests.doubles.writer import DirectWriter
from tests.workflow.scene import Scene


def members(scene: Scene, group: str) -> list[str]:
    with scene.store.read() as tx:
        return groups.members(tx, [group]).get(group, [])


def test_servers_join_at_their_create_and_leave_when_they_are_deleted(scene: Scene) -> None:
    wish = CreateGroup(project_id=PROJECT, user_id="u", name="g", policy="affinity")
    group = DirectWriter(scene.store, scene.world).submit(wish).id
    first, second = scene.create(2, where=Where(group_id=group))
    scene.create()
    scene.settle()
    assert members(scene, group) == [first.id, second.id]
    scene.delete(first.id)
    scene.settle()
    assert members(scene, group) == [second.id]
