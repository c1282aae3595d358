"""Names of Da Vinci PAS 2.2.1, prior authorization support, and the review codes of X12 in use, each looked up there.

The codes of X12 are its own; PAS binds the action of a review to list 306 and its reason to list 886.
"""

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
PROFILE = f"{PAS}/profile-claimresponse"
RESPONSE_BUNDLE = f"{PAS}/profile-pas-response-bundle"
REVIEWER = f"{PAS}/extension-claimResponseReviewer"
REVIEW_ACTION = f"{PAS}/extension-reviewAction"
REVIEW_ACTION_CODE = f"{PAS}/extension-reviewActionCode"
DETAIL = f"{PAS}/extension-itemAuthorizedDetail"
TRACE = f"{PAS}/extension-itemTraceNumber"
ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"

X12_306 = "https://codesystem.x12.org/005010/306"
CERTIFIED, NOT_CERTIFIED, PENDED, MODIFIED = "A1", "A3", "A4", "A6"
ACTIONS = {CERTIFIED: "Certified in total", NOT_CERTIFIED: "Not Certified", PENDED: "Pending", MODIFIED: "Modified"}
"""The review actions in use, called as PAS calls them."""

X12_886 = "https://codesystem.x12.org/external/886"
UNITS_EXCEED, NOT_NECESSARY, INCOMPLETE, TO_REVIEW = "04", "0F", "0U", "0V"
REASONS = {
    UNITS_EXCEED: "more units than the bodies come to",
    NOT_NECESSARY: "the criteria of the policy are not met",
    INCOMPLETE: "facts about the patient are missing",
    TO_REVIEW: "the policy does not speak of this code: a person has to look at it",
}
"""The reasons in use, in words of our own."""
