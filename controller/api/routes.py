"""Every service and its routes, in one table: adding an endpoint is adding a line to a service's ROUTES."""

from controller.api import errors_render, health, versions
from controller.api.compute import routes as compute
from controller.api.identity import routes as identity
from controller.api.image import routes as image
from controller.api.microversion import Microversions, Version
from controller.api.network import routes as network
from controller.api.operator import routes as operator
from controller.api.route import Service

COMPUTE_VERSIONS = Microversions("compute", "X-OpenStack-Nova-API-Version", Version(2, 1), Version(2, 1))

SERVICES = (
    Service("identity", "/identity", versions.IDENTITY + identity.ROUTES, errors_render.identity, identity.RULES),
    Service("image", "/image", versions.IMAGE + image.ROUTES, errors_render.image, image.RULES),
    Service(
        "compute",
        "/compute",
        versions.COMPUTE + compute.ROUTES,
        errors_render.compute,
        compute.RULES,
        COMPUTE_VERSIONS,
    ),
    Service("network", "/network", versions.NETWORK + network.ROUTES, errors_render.network, network.RULES),
    Service("operator", "/toft/v1", operator.ROUTES, errors_render.identity, operator.RULES),
    Service("toft", "", versions.ROOT + health.ROUTES + image.FETCH, errors_render.identity),
)
"""The last one has what is below no other's prefix."""
