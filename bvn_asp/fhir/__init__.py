"""FHIR R4: the policy as a questionnaire, a case as its answers, a chart as a case, a decision as a response."""
