"""The operations of Amazon ECR."""

from typing import Final

from wharfinger.api.aws.call import Handler
from wharfinger.api.ecr import images, layers, lifecycle, policies, registry, repositories

HANDLERS: Final[dict[str, Handler]] = {
    **repositories.HANDLERS,
    **images.HANDLERS,
    **layers.HANDLERS,
    **lifecycle.HANDLERS,
    **registry.HANDLERS,
    **policies.HANDLERS,
}
