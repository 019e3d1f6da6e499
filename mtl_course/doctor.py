"""Examines the machine a lesson runs on, line by line: what holds, what does not, and the remedy.

Run it with `python -m mtl_course.doctor`, or look at `report(examine())` in a notebook.
"""

import shutil
import sys
from collections.abc import Sequence
from importlib import metadata

from mtl_course import examinations
from mtl_course.examinations import Finding


def examine() -> tuple[Finding, ...]:
    """What the lessons rely on, in the order in which a failure is best mended.

    A package that is missing, or cannot be imported, fails the findings that need it.
    """
    # only Python's own library is imported above: the rest is what may be missing
    attempts = {
        "Python": lambda: examinations.examine_python(sys.version_info[:3]),
        "packages": lambda: examinations.examine_packages(
            examinations.wanted_packages(), metadata.version
        ),
        "data": _data,
        "slider": _slider,
        "pages": lambda: examinations.examine_pages(examinations.SHARE / "labextensions"),
        "settings": lambda: examinations.examine_settings(examinations.SETTINGS),
        "threads": _threads,
        "disk": lambda: examinations.examine_disk(shutil.disk_usage(examinations.CHECKOUT).free),
    }
    return tuple(examinations.attempted(subject, attempt) for subject, attempt in attempts.items())


def _data() -> Finding:
    from mtl_course.datasets import verify_complete_journey

    return examinations.examine_data(verify_complete_journey())


def _slider() -> Finding:
    import ipywidgets

    return examinations.examine_slider(ipywidgets.FloatSlider)


def _threads() -> Finding:
    import torch

    return examinations.examine_threads(torch.get_num_threads(), examinations.usable_cores())


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
