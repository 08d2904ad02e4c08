"""The entrance of the probe for pytest: sitecustomize registers this module with it, from a folder outside of the
project.

Small, since it is imported in every session, also in those that a test starts: what tells the tests apart is
orchestrator_probe_session, what orders and repeats them orchestrator_probe_selection.
"""

import os

import pytest

_CONFIGURATION = "ORCHESTRATOR_PROBE"
_OLDEST = 6  # whose hooks are all there


def pytest_configure(config):
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        given = worker.get("orchestrator")
        if given is not None:
            import orchestrator_probe_session as session

            session.watch_worker(config, given)
        return
    # Sessions that a test starts are the test's own business: they find no configuration.
    text = os.environ.pop(_CONFIGURATION, None)
    if text is not None and int(pytest.__version__.partition(".")[0]) >= _OLDEST:
        import orchestrator_probe_session as session

        session.watch(config, text)
