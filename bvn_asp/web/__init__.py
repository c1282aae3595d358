"""The workbench: the policy and its cases in a browser, served on this machine alone."""
