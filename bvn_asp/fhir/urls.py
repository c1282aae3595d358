"""Names that FHIR R4 and its guides give: extensions, profiles and code systems, each as its guide publishes it.

SDC is Structured Data Capture 4.0, DTR is Da Vinci Documentation Templates and Rules 2.2, CRD is Da Vinci Coverage
Requirements Discovery 2.2.
"""

BASE = "https://bvn-asp.invalid/fhir"
"""Where our own questionnaires and extensions are named; nothing is served there."""

# Extensions of the base standard
VERSION_ALGORITHM = "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ITEM_CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
OPTION_EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
UNIT_OPTION = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption"
MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"
MAX_DECIMAL_PLACES = "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces"
MAX_OCCURS = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs"

# SDC
MIN_QUANTITY = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity"
MAX_QUANTITY = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-maxQuantity"

ADAPTIVE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-questionnaireAdaptive"

# DTR
_DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"
STANDARD_QUESTIONNAIRE = f"{_DTR}/dtr-std-questionnaire"
RESPONSE = f"{_DTR}/dtr-questionnaireresponse"
ADAPTIVE_QUESTIONNAIRE = f"{_DTR}/dtr-questionnaire-adapt"
"""What is contained in a response, with the questions so far."""
ADAPTIVE_START = f"{_DTR}/dtr-questionnaire-adapt-search"
"""What a payer hands out: it has no questions."""
ADAPTIVE_RESPONSE = f"{_DTR}/dtr-questionnaireresponse-adapt"
PACKAGE = f"{_DTR}/DTR-QPackageBundle"
PACKAGE_RETURNED = f"{_DTR}/dtr-qpackage-output-parameters"
AUDIENCE = f"{_DTR}/questionnaireAudience"
REQUEST_SPECIFIC = f"{_DTR}/request-specific"
INFORMATION_ORIGIN = f"{_DTR}/information-origin"
COVERAGE = f"{_DTR}/qr-coverage"
CONTEXT = f"{_DTR}/qr-context"
INTENDED_USE = f"{_DTR}/intendedUse"

# Ours
EVIDENCE = f"{BASE}/StructureDefinition/evidence"
"""On an answer: the document that it rests on, in the parts of a case file."""

# Code systems
YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
VERSION_ALGORITHMS = "http://hl7.org/fhir/version-algorithm"
GENDER = "http://hl7.org/fhir/administrative-gender"
UCUM = "http://unitsofmeasure.org"
CPT = "http://www.ama-assn.org/go/cpt"
DOCUMENT_REASONS = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/coverage-information-codes"
