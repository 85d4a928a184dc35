"""Operations on robots."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, milliseconds, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.principals import robot_arn
from wharfinger.services import robots
from wharfinger.state.db.robots import Robot


async def create_robot(call: Call, request: contract.CreateRobotRequest) -> contract.CreateRobotResponse:
    """CreateRobot."""
    created = await robots.create(
        *(call.state, call.caller, call.registry, request.robot_name),
        actions=request.actions,
        repositories=request.repositories,
        expires_at=_end(request.expires_at),
    )
    return contract.CreateRobotResponse(robot=_robot(created.robot), token=created.token)


async def list_robots(call: Call, request: contract.ListRobotsRequest) -> contract.ListRobotsResponse:
    """ListRobots."""
    page = await robots.page(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return contract.ListRobotsResponse(robots=[_robot(found) for found in page.items], next_token=page.next_token)


async def rotate_robot(call: Call, request: contract.RotateRobotRequest) -> contract.RotateRobotResponse:
    """RotateRobot."""
    rotated = await robots.rotate(call.state, call.registry, request.robot_name, _end(request.expires_at))
    return contract.RotateRobotResponse(robot=_robot(rotated.robot), token=rotated.token)


async def delete_robot(call: Call, request: contract.DeleteRobotRequest) -> contract.DeleteRobotResponse:
    """DeleteRobot."""
    deleted = await robots.delete(call.state, call.registry, request.robot_name)
    return contract.DeleteRobotResponse(robot=_robot(deleted))


HANDLERS: Final[dict[str, Handler]] = {
    "CreateRobot": create_robot,
    "ListRobots": list_robots,
    "RotateRobot": rotate_robot,
    "DeleteRobot": delete_robot,
}


def _end(expires_at: float | None) -> int | None:
    return milliseconds(expires_at, "expiresAt") if expires_at is not None else None


def _robot(found: Robot) -> contract.Robot:
    return contract.Robot(
        robot_name=found.name,
        arn=robot_arn(found.registry.account, found.name),
        actions=list(found.actions),
        repositories=list(found.repositories),
        created_at=seconds(found.created_at),
        created_by=found.created_by,
        expires_at=seconds(found.expires_at) if found.expires_at is not None else None,
        last_used_at=seconds(found.used_at) if found.used_at is not None else None,
    )
