"""Questions of the controller about one server: asked of the driver, in lanes of their own, and answered."""

from common import errors
from common.wire import Answer, Query
from compute_agent.commands import answer
from compute_agent.driver.contract import Driver
from compute_agent.outbox import Outbox
from compute_agent.runner import Outcome, Runner


class Questions:
    """Asks the driver; each question gets an answer, or the reason why there is none."""

    def __init__(self, driver: Driver, runner: Runner, outbox: Outbox) -> None:
        self._driver, self._runner, self._outbox = driver, runner, outbox

    def ask(self, server: str, query: Query) -> None:
        """Ask; the answer is said when it is there."""

        def done(outcome: Outcome) -> None:
            self._outbox.say(_refusal(query, outcome.error) if outcome.error else outcome.value, server)

        self._runner.begin(f"query:{server}", answer(self._driver, server, query), done)


def _refusal(query: Query, error: Exception) -> Answer:
    code = error.code if isinstance(error, errors.ToftError) else "internal"
    return Answer(query=query.id, code=code, reason=str(error))
