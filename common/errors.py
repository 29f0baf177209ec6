"""Every error that Toft raises on purpose.

    ToftError
    |- BadRequest 400            what was sent is wrong; the message says what to change
    |  `- InvalidImage           an image is not what it claims to be
    |- Unauthorized 401          no token, or one that is not valid
    |- Forbidden 403             the policy or a quota says no
    |  `- QuotaExceeded
    |- NotFound 404              no such thing, or another project's
    |- MethodNotAllowed 405      the thing is there, but not for this HTTP method
    |- NotAcceptable 406         a version of the API that is not offered
    |- Conflict 409              the thing's state, or another thing, stands in the way
    |- TooLarge 413              a body over its limit
    |- UnsupportedMediaType 415  a body of another kind than is taken there
    |- NotSupported 501          the API has it, but not for this thing
    |- Unavailable 503           try again later
    |  |- BusUnavailable         the broker did not confirm
    |  `- DatabaseUnavailable
    |     `- Contention          lost against another transaction; nothing was written
    |- HypervisorError           the hypervisor refused, or broke
    |  |- DeadlineExceeded       a call did not come back in time
    |  `- GoneOnHost             a file or a domain that should be there is not
    `- SettingsError             a setting is wrong; the process does not start

``code`` is stable and meant for programs, ``status`` is the HTTP status, the message is for people: it says what to do.
Errors of libraries are caught at the border and raised as one of these, with the cause kept (``raise ... from error``).
"""

from typing import ClassVar


class ToftError(Exception):
    """Base of all: an internal error when nothing narrower fits."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    @property
    def message(self) -> str:
        """Give the text for people."""
        return str(self.args[0]) if self.args else (type(self).__doc__ or self.code)


class BadRequest(ToftError):
    """The request is malformed or contradicts itself."""

    code = "bad-request"
    status = 400


class InvalidImage(BadRequest):
    """The image is not what it claims to be, or is of a kind that is not allowed."""

    code = "invalid-image"


class Unauthorized(ToftError):
    """The request carries no valid token."""

    code = "unauthorized"
    status = 401


class Forbidden(ToftError):
    """The policy does not allow this."""

    code = "forbidden"
    status = 403


class QuotaExceeded(Forbidden):
    """The project would have more than its quota."""

    code = "quota-exceeded"


class NotFound(ToftError):
    """There is no such thing, or it is another project's."""

    code = "not-found"
    status = 404


class MethodNotAllowed(ToftError):
    """The thing is there, but does not know this HTTP method."""

    code = "method-not-allowed"
    status = 405


class NotAcceptable(ToftError):
    """The version of the API that was asked for is not offered."""

    code = "not-acceptable"
    status = 406


class Conflict(ToftError):
    """The thing's present state, or another thing, stands in the way."""

    code = "conflict"
    status = 409


class TooLarge(ToftError):
    """The body is over its limit."""

    code = "too-large"
    status = 413


class UnsupportedMediaType(ToftError):
    """The body is of another kind than is taken there."""

    code = "unsupported-media-type"
    status = 415


class NotSupported(ToftError):
    """The API knows this, but it cannot be done for this thing."""

    code = "not-supported"
    status = 501


class Unavailable(ToftError):
    """Something that is needed is away for now."""

    code = "unavailable"
    status = 503


class BusUnavailable(Unavailable):
    """The broker is away, or did not confirm."""

    code = "bus-unavailable"


class DatabaseUnavailable(Unavailable):
    """The database is away."""

    code = "database-unavailable"


class Contention(DatabaseUnavailable):
    """The transaction lost against another one; nothing of it was written, and it may be run again."""

    code = "contention"


class HypervisorError(ToftError):
    """The hypervisor refused a call, or failed in it."""

    code = "hypervisor"


class DeadlineExceeded(HypervisorError):
    """A call on the hypervisor did not come back in time."""

    code = "deadline-exceeded"


class GoneOnHost(HypervisorError):
    """A file, an image or a domain that should be on the host is not there."""

    code = "gone-on-host"


class SettingsError(ToftError):
    """A setting is missing or wrong."""

    code = "settings"
