"""Extra specs of flavors."""

from common import errors
from controller.admission.flavors import DeleteSpec, SetSpecs
from controller.api.compute.handlers.flavors import found_flavor
from controller.api.compute.schemas import flavors as schemas
from controller.api.http import Answer, Request, ok


def index(req: Request) -> Answer:
    """Show a flavor's extra specs."""
    req.allow("compute:extra_specs:read")
    return ok({"extra_specs": found_flavor(req).extra_specs})


def show(req: Request) -> Answer:
    """Show one of a flavor's extra specs."""
    req.allow("compute:extra_specs:read")
    key, specs = req.path["key"], found_flavor(req).extra_specs
    if key not in specs:
        raise errors.NotFound(f"Flavor {req.path['flavor_id']} has no extra specs with key {key}.")
    return ok({key: specs[key]})


def create(req: Request) -> Answer:
    """Add extra specs to a flavor, or change them."""
    req.allow("compute:extra_specs:write")
    specs = {key: str(value) for key, value in req.json(schemas.SET_SPECS)["extra_specs"].items()}
    req.submit(SetSpecs(id=req.path["flavor_id"], specs=specs))
    return ok({"extra_specs": specs})


def update(req: Request) -> Answer:
    """Change one of a flavor's extra specs."""
    req.allow("compute:extra_specs:write")
    specs = {key: str(value) for key, value in req.json(schemas.SET_SPEC).items()}
    if req.path["key"] not in specs:
        raise errors.BadRequest("Request body and URI mismatch")
    req.submit(SetSpecs(id=req.path["flavor_id"], specs=specs))
    return ok(specs)


def delete(req: Request) -> Answer:
    """Take an extra spec from a flavor."""
    req.allow("compute:extra_specs:write")
    req.submit(DeleteSpec(id=req.path["flavor_id"], key=req.path["key"]))
    return Answer(200)
