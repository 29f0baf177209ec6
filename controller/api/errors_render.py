"""Errors as each service of OpenStack writes them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from common.errors import ToftError

COMPUTE_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    406: "notAcceptable",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def title(status: int) -> str:
    """Give the usual words for an HTTP status."""
    return HTTPStatus(status).phrase


def identity(error: ToftError) -> Mapping[str, Any]:
    """Write an error as Identity does; also the form of every service's 401."""
    return {"error": {"code": error.status, "message": error.message, "title": title(error.status)}}


def image(error: ToftError) -> Mapping[str, Any]:
    """Write an error of the Image service."""
    return {"message": error.message, "code": error.status, "title": title(error.status)}


def compute(error: ToftError) -> Mapping[str, Any]:
    """Write an error as Compute does, under a name that depends on the status."""
    return {COMPUTE_NAMES.get(error.status, "computeFault"): {"code": error.status, "message": error.message}}


def network(error: ToftError) -> Mapping[str, Any]:
    """Write an error as Network does."""
    return {"NeutronError": {"type": type(error).__name__, "message": error.message, "detail": ""}}
