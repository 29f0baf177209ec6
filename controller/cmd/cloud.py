"""The operator's API from the command line: found and entered by clouds.yaml, as any client does."""

from typing import Any

import click
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import ClientException

from controller.cmd.clouds import ADMIN

SERVICE = "toft"
"""What the catalog calls the operator's API."""


class Api:
    """Calls below ``/toft/v1``. Each gives the answer's JSON, or None where it has no body."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def get(self, path: str, **query: str) -> Any:
        """Read what is at ``path`` (``/hosts``).

        :raises ClickException: the cloud cannot be reached, or refused; says why.
        """
        return self._call("GET", path, params=query)

    def post(self, path: str, json: Any = None) -> Any:
        """Make or change something.

        :raises ClickException: the cloud cannot be reached, or refused; says why.
        """
        return self._call("POST", path, json=json if json is not None else {})

    def delete(self, path: str) -> Any:
        """Remove what is at ``path``.

        :raises ClickException: the cloud cannot be reached, or refused; says why.
        """
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._adapter.request(path, method, raise_exc=False, **more)
        except ClientException as error:
            raise click.ClickException(f"the cloud cannot be reached: {error}") from error
        if answer.status_code >= 400:
            raise click.ClickException(_reason(answer))
        return answer.json() if answer.content else None


def _reason(answer: Any) -> str:
    """Give the error's own words, whatever the service calls it."""
    try:
        (error,) = answer.json().values()
        return str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the cloud answered {answer.status_code} {answer.reason}"


def session(cloud: str | None, service: str = SERVICE) -> Api:
    """Log in to a cloud of clouds.yaml: this one, else the environment's (OS_CLOUD, OS_AUTH_URL), else ``toft-admin``.

    :param service: the service's type in the catalog.
    :raises ClickException: there is no such cloud.
    """
    from openstack import exceptions  # takes half a second: only commands that speak to a cloud import it
    from openstack.config import OpenStackConfig

    try:
        config = OpenStackConfig()
        told = config.default_cloud if config.default_cloud not in (None, "defaults") else ADMIN
        region = config.get_one(cloud=cloud or told)
        return Api(Adapter(region.get_session(), service_type=service, region_name=region.region_name))
    except (exceptions.SDKException, ClientException) as error:
        raise click.ClickException(f"no cloud to speak to: {error}") from error
