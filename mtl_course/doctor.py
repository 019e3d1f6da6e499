"""Examines the machine a lesson runs on, line by line: what holds, what does not, and the remedy.

Run it with `python -m mtl_course.doctor`, or look at `report(examine())` in a notebook.
"""

import shutil
import sys
from collections.abc import Sequence
from importlib import metadata

import ipywidgets
import torch

from mtl_course import examinations
from mtl_course.datasets import verify_complete_journey
from mtl_course.examinations import Finding


def examine() -> tuple[Finding, ...]:
    """What the lessons rely on, in the order in which a failure is best mended."""
    return (
        examinations.examine_python(sys.version_info[:3]),
        examinations.examine_packages(examinations.wanted_packages(), metadata.version),
        examinations.examine_data(verify_complete_journey()),
        examinations.examine_slider(ipywidgets.FloatSlider),
        examinations.examine_pages(examinations.SHARE / "labextensions"),
        examinations.examine_settings(examinations.SETTINGS),
        examinations.examine_threads(torch.get_num_threads(), examinations.usable_cores()),
        examinations.examine_disk(shutil.disk_usage(examinations.CHECKOUT).free),
    )


def report(findings: Sequence[Finding]) -> str:
    """One line a finding, and below each failure what was found and what to do.

    Nothing that passes names a value, so that the report of a sound machine is the same on all.
    """
    lines = []
    for finding in findings:
        lines.append(
            f"{'PASS' if finding.passed else 'FAIL'}  {finding.subject:9} {finding.expected}"
        )
        if not finding.passed:
            lines += [f"      found     {finding.found}", f"      remedy    {finding.remedy}"]
    return "\n".join(lines)


def main() -> int:
    """Prints the report and every value found; the exit status is 1 if anything fails."""
    findings = examine()
    print(report(findings))
    print("\n" + "\n".join(f"{finding.subject}: {finding.found}" for finding in findings))
    return int(not all(finding.passed for finding in findings))


if __name__ == "__main__":
    raise SystemExit(main())
