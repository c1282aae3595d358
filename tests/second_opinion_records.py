"""Made-up records for the second opinion: near a decidable one, with whatever a case file can leave open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.second_opinion import CHOICES, FRACTURES, INJECTIONS, KINDS, SIMPLE_THERAPIES

TABLE = """patient: age=45|18|17.999999|17|at least 18|at least 17|17 to 60|more than 18;
lumbar_vertebrae=||||||five|six; body_mass_index=31|40|40.000001|40.004|at most 40|at least 40|more than 40|39 to 41|52
/ pain: low_back=yes; months=12|6|5.999999|7|3|at least 6|more than 5|5 to 9|less than 6; functional_deficit=yes;
patient_severity=severe; clinician_severity=moderate / conservative_care: weeks=12|6|6.000001|5|7|at least 6|more than
6|4 to 8|at most 6; documentation_missing=||no|yes; pain_improved=no; disability_improved=no;
documentation_attached=yes / mri: radiologist_report=yes; read_in_full=||yes|no; other_modic_changes=|absent;
no_modic_change_at=||||L3|L3+S1|L2-L3 / findings: additional_pathology=||absent; assessment_read_in_full=||yes|no /
behavioral_health: assessed=yes; recorded=yes; resources_provided=yes; formal=yes; risk_factors_found=no / anaesthesia:
planned=mild; necessity_documented=yes / conditions: cardiac_compromise=none; pulmonary_compromise=none;
systemic_infection=no; bleeding_diathesis=no; anticoagulated=no; pregnancy=no; objective_stated=yes;
neurogenic_claudication=absent; radiculopathy=absent; radicular_pain=absent; nerve_compression=absent;
osteoporosis_diagnosed=no; osteoporosis_correlates=no; fragility_fracture=no; substance_use_treated=yes;
t_score=-1|-2.49|-2.5|-3|-3 to -2|more than -2.5|at most -2|not measured; fragility_fracture_correlates=no;
spinal_cancer=none; spinal_cancer_correlates=no; systemic_disease=no; limits_quality_of_life=yes;
substance_use_active=no; pulse_generator=no; other_electronic_implant=no; precautions_taken=yes / modic: endplate=both;
type=type_1; levels=L4-L5|L4|S1|L2-L3|L1|L5-S1|L3+L4|somewhere from L3 to S1|S1-S2; certainty=|||||suspected;
stated_by_radiologist=yes; features=edema|fatty_marrow|inflammation+edema / finding:
levels=L4-L5|L4|L3|L1|L4-S1|T12-L1|L2-L3|S1|S1-S2|C1-C2|L5-S1|L3+L5-S1|somewhere from L3 to S1|L6;
certainty=|||suspected; shown_by=imaging+clinical_assessment|imaging|clinical_assessment|;
not_shown_by=||||imaging|clinical_assessment;
correlates=no|yes|yes|yes; likely_source=no|no|yes; complicates=no|no|yes / fracture: healed=yes / disc_herniation:
size_mm=3|5|5.000001|8|at least 5|more than 5|4 to 6; shape=protrusion / spondylolisthesis: slip_mm=1|2|1.999999|5|less
than 2|1 to 3; direction=forward|backward; meyerding_grade=1|2 / facet_arthropathy: facet_pain=no / infection:
active=no / deformity: significant=no / surgeries: kind=discectomy|laminectomy|fusion|discectomy or laminectomy|not
fusion|laminotomy|other; levels=L4-L5|L4|L2-L3|L5-S1|T12-L1|somewhere from L3 to S1; likely_source=no|no|yes;
complicates=no|no|yes; months_before_procedure=14|6|6.000001|3|at least 6|more than 6;
radicular_pain=resolved|persists|never_present|not persists / ablations: bodies=L4|L3|L5-S1|L2|L3+S1|; completed=yes;
thermal=yes; date=2019|2019-04 / request:
bodies=L4+L5|L4+L5+S1|L3+L4+L5+S1|L4|L2+L4|L5-S1|L3+L4|L2+L3+L4+L5+S1|L3|L5+L6| / dates:
request.date=2025-06-01|2025-06|after 2025-05; request.planned_procedure_date=2025-08-01|2025-06-20|2025|;
pain.onset=2024-03|2024-12-01|2024-12-02|since 2024-11;
patient.birth_date=1980-02-29|2007-06-01|2007-08-01|2007-08-02|2007;
conservative_care.start=2025-02-01|2025-04-20|2025-04-08; conservative_care.end=2025-05-20||2025-07|since 2025"""


def random_case(rng: Random) -> dict[str, Any]:
    """A made-up record near a decidable one: values that are usual, odd, bounded, several, open, or in dispute."""
    odd, loose = rng.choice([0.0, 0.01, 0.02, 0.1]), rng.choice([0.0, 0.0, 0.003, 0.02])
    sections = (one.split(": ") for one in " ".join(TABLE.split()).split(" / "))
    tables = {name: fields.split("; ") for name, fields in sections}

    def pick(values: Sequence[str], odd: float) -> Any:
        texts = [rng.choice(values) if rng.random() < odd else values[0], rng.choice(values) or "unknown"]
        value, other = (text.split("+") if "+" in text else text for text in texts)
        if rng.random() >= loose or not value:
            return value
        note, letter = {"value": value, "document": "note", "page": 2}, {"value": other, "document": "letter"}
        return rng.choice(["", "unknown", [note, letter], [note | {"counts": True}, letter]])

    def fill(section: str, odd: float = odd) -> dict[str, Any]:
        picked = {}
        for key, _, usual in (field.partition("=") for field in tables.get(section, [])):
            words = CHOICES.get(key, ("no", "yes"))
            forms = [usual, *words] + [f"not {words[-1]}", f"{words[-2]} or {words[-1]}"] * (key in CHOICES)
            picked[key] = pick(usual.split("|") if "|" in usual else forms, odd)
        return {key: value for key, value in picked.items() if value != ""}

    def entries(section: str, numbers: list[int]) -> Any:
        listed: Any = [fill(section, 0.25) for _ in range(rng.choice(numbers))]
        return listed or (rng.choice([[], "unknown"]) if rng.random() < loose * 5 else "none")

    case: dict[str, Any] = {section: fill(section) for section in list(tables)[:8]}
    findings, few = case["findings"], [0, 0, 0, 0, 0, 1, 2]
    case |= {key: entries(key, few) for key in ("surgeries", "ablations")} | {"request": fill("request", 0.6)}
    case |= {name: "absent" for name in ("other_surgeries", "other_ablations") if rng.random() >= loose * 5}
    case["mri"]["modic_changes"] = entries("modic", [1, 1, 1, 1, 2, 2, 0])
    case["conservative_care"]["therapies"] = therapies = dict[str, Any]()
    for name in (*SIMPLE_THERAPIES, *INJECTIONS[: rng.choice([2, 2, 3])], "self_directed_exercise"):
        usual = "received" if name in {"activity_avoidance", "physical_therapy", "pharmacotherapy"} else "not_received"
        timed = {"status": usual, "weeks": rng.choice(["4", "6", "8", "20", "at least 5"])}
        status = pick([usual, *CHOICES["status"], "received or begun"], odd + 0.1) or "unknown"
        forms = [status, {rng.choice(["received", "contraindicated", "begun"]): rng.random() < 0.5}]
        therapies[name] = rng.choice([*[status] * 8, timed, forms[rng.random() < odd]])
    findings["present"] = entries("finding", few)
    for entry in findings["present"] if isinstance(findings["present"], list) else []:
        kind, other = rng.choice(KINDS), rng.choice(KINDS)
        several = {"kind": f"{kind} or {other}" if rng.random() < 0.1 else kind}
        entry.update(several | fill(kind, 0.5) | (fill("fracture", 0.5) if kind in FRACTURES else {}))
    findings["absent"] = [kind for kind in KINDS if rng.random() >= loose * rng.choice([1, 1, 1, 4])]
    if rng.random() < 0.3:
        for section, key in (("patient", "age"), ("pain", "months"), ("conservative_care", "weeks")):
            case[section].pop(key, None)
        for path, value in fill("dates", 0.3).items():
            case[path.partition(".")[0]][path.partition(".")[2]] = value
    if rng.random() < 0.4:
        case["request"]["units"] = {"64628": rng.choice([1, 1, 1, 0, 2]), "64629": rng.choice([0, 0, 1, 2])}
    if rng.random() < 0.15:
        case["record_complete"] = rng.choice(["yes", "yes", "no"])
        case["conditions"] = {key: value for key, value in case["conditions"].items() if rng.random() < 0.7}
    case["request"] |= {"bodies": "unknown"} if rng.random() < 0.04 else {}
    if "L4-S1" in str(findings) and re.search("L[56]|L4-L5", str(case)):
        case["patient"]["lumbar_vertebrae"] = rng.choice(["four", "six"])
    return {key: value for key, value in case.items() if key != "request" or rng.random() >= 0.03}
