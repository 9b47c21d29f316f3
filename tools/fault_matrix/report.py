"""The tables: for people, for programs, and for the count of tests."""

import json
import xml.etree.ElementTree as tree


def record(result):
    row = result.row
    return {
        "id": row.identifier, "fault": row.fault, "expectedRules": sorted(row.rules), "rules": result.causes,
        "follows": sorted(set(result.violated) - set(result.causes)), "expectedOutcome": row.tcg.text,
        "outcome": result.happened.text if result.happened else None, "hardware": row.hardware.text,
        "model": result.model or None, "expectedDiagnosis": sorted(row.diagnoses), "diagnosis": result.diagnosis,
        "confidence": result.confidence, "verdict": result.verdict, "problems": result.problems,
        "note": row.note or None}


def counts(results):
    found = {}
    for result in results:
        found[result.verdict] = found.get(result.verdict, 0) + 1
    order = ["right", "model", "wrong"]
    return ", ".join(f"{found[name]} {name}" for name in order if name in found)


def write_json(results, path):
    path.write_text(json.dumps({"schema": 1, "rows": [record(result) for result in results]}, indent=1) + "\n")


def write_markdown(results, path):
    lines = [
        "# The fault matrix", "", f"{len(results)} rows: {counts(results)}.", "",
        "| row | fault | rules | follows | the machine | diagnosis | confidence | verdict |", "|---|---|---|---|---|---|---|---|"]
    for result in results:
        cells = record(result)
        lines.append(
            "| {} | `{}` | {} | {} | {} | {} | {} | {} |".format(
                cells["id"], cells["fault"], " ".join(cells["rules"]) or "-", " ".join(cells["follows"]) or "-",
                cells["outcome"] or "-", cells["diagnosis"] or "-", cells["confidence"] or "-", cells["verdict"]))
    foretold = [result for result in results if result.verdict == "model"]
    if foretold:
        lines += ["", "## What this machine cannot show, and the delivery model agrees with", ""]
        lines += [f"- `{result.row.fault}`: {result.row.note}" for result in foretold]
    wrong = [result for result in results if result.problems]
    if wrong:
        lines += ["", "## Remarks", ""]
        lines += [
            f"- `{result.row.fault}`: {'; '.join(result.problems)}" for result in wrong]
    path.write_text("\n".join(lines) + "\n")


def write_xunit(results, path):
    suite = tree.Element("testsuite", name="fault-matrix", tests=str(len(results)))
    for result in results:
        case = tree.SubElement(suite, "testcase", classname=result.row.identifier, name=result.row.fault)
        if result.verdict == "wrong":
            tree.SubElement(case, "failure", message="; ".join(result.problems) or "nothing happened")
    tree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
