"""From a case to an explained decision: facts, statuses, engine, explanation, readings, expected answers."""
