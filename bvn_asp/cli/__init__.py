"""The command line: it holds no policy and no analysis."""
