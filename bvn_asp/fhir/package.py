"""What a payer hands out under DTR: the questionnaire, and a response with what is known already."""

from __future__ import annotations

import uuid
from dataclasses import replace

from bvn_asp.fhir import urls
from bvn_asp.fhir.adaptive import begun
from bvn_asp.fhir.questionnaire import adaptive_questionnaire, questionnaire
from bvn_asp.fhir.response import Context, Filled, response
from bvn_asp.fhir.text import Resource, json_text
from bvn_asp.record.case import Case


def package(case: Case, context: Context, *, whole: bool = False, adaptive: str = "") -> Filled:
    """Return the bundle of the questionnaire and a response with what `case` states, to be gone on with.

    No value set comes with it: every question lists its answers itself. With the address of a server in `adaptive`, the
    questions are asked there one by one.
    """
    filled = response(case, replace(context, draft=True), whole=whole)
    asked = adaptive_questionnaire(adaptive) if adaptive else questionnaire(whole=whole)
    answered = begun(filled.resource, adaptive) if adaptive else filled.resource
    # The same response is the same entry, whenever it is made.
    name = uuid.uuid5(uuid.NAMESPACE_URL, json_text(answered))
    bundle = {
        "resourceType": "Bundle",
        "meta": {"profile": [urls.PACKAGE]},
        "type": "collection",
        "timestamp": context.authored,
        "entry": [
            {"fullUrl": asked["url"], "resource": asked},
            {"fullUrl": f"urn:uuid:{name}", "resource": answered},
        ],
    }
    return Filled(bundle, filled.left)


def returned(bundle: Resource) -> Resource:
    """Return a package as what the operation `$questionnaire-package` of DTR returns."""
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [urls.PACKAGE_RETURNED]},
        "parameter": [{"name": "packagebundle", "resource": bundle}],
    }
