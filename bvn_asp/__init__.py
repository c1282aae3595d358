"""An executable, explained model of one coverage policy."""
