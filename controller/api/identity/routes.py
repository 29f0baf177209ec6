"""Identity's endpoints and the rules they ask."""

from controller.api.identity.handlers import projects, tokens, users
from controller.api.policy import ADMIN, Rule
from controller.api.route import Route

_ROLE = "/v3/projects/{project_id}/users/{user_id}/roles/{role_id}"

ROUTES = (
    Route("POST", "/v3/auth/tokens", tokens.create, public=True),
    Route("GET", "/v3/auth/tokens", tokens.show),
    Route("HEAD", "/v3/auth/tokens", tokens.check),
    Route("DELETE", "/v3/auth/tokens", tokens.delete),
    Route("GET", "/v3/auth/catalog", tokens.catalog),
    Route("GET", "/v3/auth/projects", projects.mine),
    Route("GET", "/v3/projects", projects.index),
    Route("POST", "/v3/projects", projects.create),
    Route("GET", "/v3/projects/{project_id}", projects.show),
    Route("GET", "/v3/users", users.index),
    Route("POST", "/v3/users", users.create),
    Route("GET", "/v3/users/{user_id}", users.show),
    Route("GET", "/v3/users/{user_id}/projects", projects.of_user),
    Route("GET", "/v3/domains", users.domains),
    Route("GET", "/v3/domains/{domain_id}", users.domain),
    Route("GET", "/v3/roles", users.roles),
    Route("GET", "/v3/roles/{role_id}", users.role),
    Route("GET", "/v3/role_assignments", users.assignments),
    Route("PUT", _ROLE, users.grant),
    Route("HEAD", _ROLE, users.granted),
    Route("DELETE", _ROLE, users.ungrant),
)


def _rule(name: str, check: str, description: str, method: str, path: str) -> Rule:
    return Rule(f"identity:{name}", check, description, ((method, f"/identity{path}"),))


RULES = (
    Rule(
        "identity:validate_token",
        "rule:owner",
        "Show, check or give back a token.",
        tuple((method, "/identity/v3/auth/tokens") for method in ("GET", "HEAD", "DELETE")),
    ),
    _rule("list_projects", ADMIN, "List all projects.", "GET", "/v3/projects"),
    _rule("create_project", ADMIN, "Make a project.", "POST", "/v3/projects"),
    _rule("get_project", "rule:project_reader", "Show a project.", "GET", "/v3/projects/{project_id}"),
    _rule("list_user_projects", "rule:owner", "List a user's projects.", "GET", "/v3/users/{user_id}/projects"),
    _rule("list_users", ADMIN, "List all users.", "GET", "/v3/users"),
    _rule("create_user", ADMIN, "Make a user.", "POST", "/v3/users"),
    _rule("get_user", "rule:owner", "Show a user.", "GET", "/v3/users/{user_id}"),
    _rule("list_role_assignments", ADMIN, "List who has which role where.", "GET", "/v3/role_assignments"),
    _rule("create_grant", ADMIN, "Give a role in a project.", "PUT", _ROLE),
    _rule("check_grant", ADMIN, "Ask whether a user has a role in a project.", "HEAD", _ROLE),
    _rule("revoke_grant", ADMIN, "Take a role in a project away.", "DELETE", _ROLE),
)
