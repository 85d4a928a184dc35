"""The AWS CLI, with the commands of AWS's user guide and nothing set but what `wharfinger env` exports."""

from __future__ import annotations

import pytest

from support.content import image
from support.oci import Oci
from support.shell import Shell


@pytest.fixture
def oci(shell: Shell) -> Oci:
    """The data plane, to push what the CLI then looks at."""
    return Oci(f"http://{shell.registry}", shell.password)


def test_a_new_repository_is_printed_with_the_address_to_push_to(shell: Shell) -> None:
    printed = shell.json("aws", "ecr", "create-repository", "--repository-name", "team/app")
    assert printed["repository"]["repositoryUri"] == f"{shell.registry}/team/app"


def test_the_login_password_is_one_for_the_data_plane(shell: Shell) -> None:
    password = shell.run("aws", "ecr", "get-login-password").strip()
    assert Oci(f"http://{shell.registry}", password).get("/v2/").status == 200


def test_an_image_pushed_is_described(shell: Shell, oci: Oci) -> None:
    one = image()
    shell.create()
    oci.push("app", one, "1")
    [printed] = shell.json("aws", "ecr", "describe-images", "--repository-name", "app")["imageDetails"]
    assert (printed["imageDigest"], printed["imageTags"], printed["imageSizeInBytes"]) == (one.digest, ["1"], one.size)


def test_a_list_goes_on_over_the_pages_of_the_server(shell: Shell, oci: Oci) -> None:
    shell.create()
    oci.push("app", image(), "1", "2", "3")
    listing = ("aws", "ecr", "list-images", "--repository-name", "app", "--page-size", "2")
    assert [item["imageTag"] for item in shell.json(*listing)["imageIds"]] == ["1", "2", "3"]


def test_an_image_is_retagged_with_the_two_commands_of_the_user_guide(shell: Shell, oci: Oci) -> None:
    one = image()
    shell.create()
    oci.push("app", one, "1")
    retag = """
        MANIFEST=$(aws ecr batch-get-image --repository-name app --image-ids imageTag=1 \
            --output text --query 'images[].imageManifest')
        aws ecr put-image --repository-name app --image-tag 2 --image-manifest "$MANIFEST"
    """
    printed = shell.json("bash", "-ec", retag)
    assert printed["image"]["imageId"] == {"imageDigest": one.digest, "imageTag": "2"}
    assert shell.tags() == {"1": one.digest, "2": one.digest}


def test_deleting_prints_what_went_and_what_was_not_there(shell: Shell, oci: Oci) -> None:
    one = image()
    shell.create()
    oci.push("app", one, "1")
    delete = ("aws", "ecr", "batch-delete-image", "--repository-name", "app", "--image-ids", "imageTag=1", "imageTag=x")
    assert shell.json(*delete) == {
        "imageIds": [{"imageDigest": one.digest, "imageTag": "1"}],
        "failures": [
            {"imageId": {"imageTag": "x"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
        ],
    }
    assert oci.get("/v2/app/manifests/1").status == 404


def test_all_untagged_images_are_deleted_with_the_usual_two_commands(shell: Shell, oci: Oci) -> None:
    kept = image()
    shell.create()
    oci.push("app", kept, "1")
    for untagged in (image(), image()):
        oci.push("app", untagged)
    clean = """
        IMAGES=$(aws ecr list-images --repository-name app --filter tagStatus=UNTAGGED --query 'imageIds[*]')
        aws ecr batch-delete-image --repository-name app --image-ids "$IMAGES"
    """
    assert len(shell.json("bash", "-ec", clean)["imageIds"]) == 2
    assert shell.images() == [{"imageDigest": kept.digest, "imageTag": "1"}]


def test_a_repository_is_deleted_by_force(shell: Shell, oci: Oci) -> None:
    shell.create()
    oci.push("app", image(), "1")
    shell.run("aws", "ecr", "delete-repository", "--repository-name", "app", "--force")
    assert shell.ecr.describe_repositories()["repositories"] == []


def test_an_error_is_printed_with_its_name_and_reason(shell: Shell) -> None:
    told = shell.refused("aws", "ecr", "list-images", "--repository-name", "nope")
    assert "An error occurred (RepositoryNotFoundException) when calling the ListImages operation" in told
    assert "The repository with name 'nope' does not exist in the registry with id '000000000000'" in told
