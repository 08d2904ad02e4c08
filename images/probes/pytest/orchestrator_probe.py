"""The entrance of the probe for pytest: PYTEST_PLUGINS names this module, from a folder outside of the project.

Small, because pytest parses a plugin named so in every attempt (PYTEST_DONT_REWRITE spares the rest of that): what
tells the tests apart is orchestrator_probe_session, what orders and repeats them orchestrator_probe_selection.
"""

import os

_CONFIGURATION = "ORCHESTRATOR_PROBE"


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
    if text is not None:
        import orchestrator_probe_session as session

        session.watch(config, text)
