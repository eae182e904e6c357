# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The report: what there is on both hosts, and what differs."""

from hosts import Recipe, copy_images
from world import image_of

APP = Recipe([{"app/data": b"one\n" * 100}])


def test_an_image_that_both_hosts_have_is_current(world):
    APP.build(world.there, "app:1")
    copy_images(world.there, world.here, "app:1")
    assert world.status("app:1") == ("current", "same")


def test_an_image_that_only_the_server_has_is_new(world):
    APP.build(world.there, "app:1")
    assert world.status("app:1")[0] == "new"


def test_for_a_push_an_image_that_only_the_laptop_has_is_new(world):
    APP.build(world.here, "app:1")
    assert world.status("app:1", "--push")[0] == "new"


def test_another_build_under_the_same_name_needs_an_update_and_the_later_one_is_newer(world):
    APP.build(world.here, "app:1")
    Recipe([{"app/data": b"two\n"}]).build(world.there, "app:1")
    assert world.status("app:1") == ("need update", "there")
    assert world.status("app:1", "--push") == ("need update", "there")


def test_the_newer_side_may_be_here(world):
    APP.build(world.there, "app:1")
    Recipe([{"app/data": b"two\n"}]).build(world.here, "app:1")
    assert world.status("app:1") == ("need update", "here")


def test_a_difference_in_an_environment_variable_alone_needs_an_update(world):
    APP.build(world.here, "app:1")
    Recipe(APP.layers, env={"GREETING": "hello"}).build(world.there, "app:1")
    assert world.here.diff_ids("app:1") == world.there.diff_ids("app:1")
    assert world.status("app:1")[0] == "need update"


def test_untagged_images_are_counted_on_each_side(world):
    for data in (b"1", b"2", b"3"):
        Recipe([{"app/data": data}]).build(world.there, "app:1")
    for data in (b"4", b"5"):
        Recipe([{"app/data": data}]).build(world.here, "app:1")
    assert world.report()["untagged"] == {"here": 1, "there": 2}
    last = world.sync("user@server").check().stdout.strip().splitlines()[-1]
    assert "untagged" in last and "1" in last and "2" in last


def test_the_table_has_a_row_for_each_name_with_its_status(world):
    APP.build(world.there, "app:1")
    copy_images(world.there, world.here, "app:1")
    world.there.docker("tag", "app:1", "registry.example:5000/team/app:2")
    Recipe([{"app/data": b"old"}]).build(world.here, "other:latest")
    Recipe([{"app/data": b"new"}]).build(world.there, "other:latest")
    table = world.sync("user@server").check().stdout
    rows = {line.split()[0]: line for line in table.splitlines() if line.strip()}
    assert "STATUS" in rows["IMAGE"] and "NEWER" in rows["IMAGE"]
    assert "current" in rows["app:1"]
    assert "need update" in rows["other:latest"] and "there" in rows["other:latest"]
    assert " new " in rows["registry.example:5000/team/app:2"] + " "


def test_json_tells_the_identity_of_images(world):
    image_id = APP.build(world.there, "app:1")
    identity = image_of(world.report(), "app:1")["identity"]
    assert image_id in str(identity)
    assert all(diff_id in str(identity) for diff_id in world.there.diff_ids("app:1"))


def test_r_only_reports_even_when_images_are_named(world):
    APP.build(world.there, "app:1")
    before = world.here.state()
    result = world.sync("--report", "user@server", "app:1").check()
    assert "app:1" in result.stdout and " new" in result.stdout
    assert world.here.state() == before


def test_a_report_of_named_images_leaves_out_the_others(world):
    APP.build(world.there, "app:1")
    APP.build(world.there, "app:2")
    assert [image["name"] for image in world.report(images=["app:1"])["images"]] == ["app:1"]


def test_a_report_changes_nothing(world):
    APP.build(world.there, "app:1")
    APP.build(world.here, "other:1")
    before = world.here.state(), world.there.state()
    world.sync("user@server").check()
    assert (world.here.state(), world.there.state()) == before
