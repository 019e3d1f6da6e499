from dataclasses import replace

from mtl_course import doctor
from mtl_course.examinations import Finding

WELL = Finding("Python", "is 3.11, 3.12 or 3.13", "3.11.7", True, "Install one.")
ILL = Finding("disk", "has 500 MB free", "3 MB free", False, "Free some space.")


def test_a_failure_is_followed_by_what_was_found_and_the_remedy():
    assert doctor.report([WELL, ILL]) == (
        "PASS  Python    is 3.11, 3.12 or 3.13\n"
        "FAIL  disk      has 500 MB free\n"
        "      found     3 MB free\n"
        "      remedy    Free some space."
    )


def test_the_report_of_a_sound_machine_names_no_value_of_it():
    assert doctor.report([WELL]) == doctor.report([replace(WELL, found="3.13.1")])


def test_this_machine_is_sound():
    findings = doctor.examine()

    assert all(finding.passed for finding in findings), doctor.report(findings)
    subjects = ["Python", "packages", "data", "slider", "pages", "settings", "threads", "disk"]
    assert [finding.subject for finding in findings] == subjects


def test_the_exit_status_tells_whether_anything_failed(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: (WELL,))
    assert doctor.main() == 0
    monkeypatch.setattr(doctor, "examine", lambda: (WELL, ILL))
    assert doctor.main() == 1

    assert capsys.readouterr().out.endswith("Python: 3.11.7\ndisk: 3 MB free\n")
