"""Interviews: what to ask next about a case, so that it is settled with few questions."""

from __future__ import annotations

from bvn_asp.analysis.interview.interview import Interview, Step
from bvn_asp.analysis.interview.questions import Question

__all__ = ["Interview", "Question", "Step"]
