import pytest
import torch
from sklearn.calibration import calibration_curve
from torch.testing import assert_close

from mtl_course import calibration
from mtl_course.calibration import ReliabilityCurve

SAID = torch.tensor([0.9, 0.1, 0.6, 0.2])
CAME = torch.tensor([1.0, 0.0, 0.0, 1.0])


def test_two_bins_by_hand():
    curve = calibration.reliability_curve(SAID, CAME, n_bins=2)

    # the lower half says 0.15, and half of it came; the upper says 0.75, and half of it came
    assert_close(curve.predicted, torch.tensor([0.15, 0.75]))
    assert_close(curve.happened, torch.tensor([0.5, 0.5]))
    assert_close(curve.share, torch.tensor([0.5, 0.5]))
    # (0.35 + 0.25) / 2
    assert calibration.expected_calibration_error(curve) == pytest.approx(0.30)


def test_the_error_weighs_each_bin_by_its_rows_and_forgets_the_sign():
    curve = ReliabilityCurve(
        torch.tensor([0.1, 0.5]), torch.tensor([0.2, 0.1]), torch.tensor([0.9, 0.1])
    )
    # 0.9 * 0.1 + 0.1 * 0.4
    assert calibration.expected_calibration_error(curve) == pytest.approx(0.13)


def test_the_curve_is_scikit_learns(fixed_rows):
    said, came = fixed_rows

    curve = calibration.reliability_curve(said, came, n_bins=10)

    happened, predicted = calibration_curve(
        came.numpy(), said.double().numpy(), n_bins=10, strategy="quantile"
    )
    assert_close(curve.predicted, torch.tensor(predicted).float(), rtol=0, atol=1e-5)
    assert_close(curve.happened, torch.tensor(happened).float(), rtol=0, atol=1e-5)
    assert_close(curve.share, torch.full((10,), 0.1), rtol=0, atol=1e-3)


def test_true_probabilities_are_nearly_calibrated_and_shifted_ones_are_not(fixed_rows):
    said, came = fixed_rows
    shifted = (said.logit() + 1).sigmoid()

    true, wrong = (
        calibration.expected_calibration_error(calibration.reliability_curve(one, came, n_bins=10))
        for one in (said, shifted)
    )

    assert true < 0.02  # 5,000 rows: 500 a bin, a standard error of at most 0.022 each
    assert wrong > 0.1


def test_equal_probabilities_stay_together_and_no_bin_is_empty():
    curve = calibration.reliability_curve(torch.full((8,), 0.25), CAME.repeat(2), n_bins=4)

    assert_close(curve.predicted, torch.tensor([0.25]))
    assert_close(curve.happened, torch.tensor([0.5]))
    assert curve.share.tolist() == [1.0]


def test_one_bin_compares_the_means():
    curve = calibration.reliability_curve(SAID, CAME, n_bins=1)
    assert calibration.expected_calibration_error(curve) == pytest.approx(0.05)


@pytest.mark.parametrize("strange", [1.2, -0.1, float("nan")])
def test_what_is_no_probability_is_refused(strange):
    said = torch.tensor([0.5, strange])
    with pytest.raises(ValueError, match=r"from 0 to 1; found .*sigmoid"):
        calibration.reliability_curve(said, torch.ones(2), n_bins=2)


def test_no_bin_and_no_row_are_refused():
    with pytest.raises(ValueError, match="found 4 rows and `n_bins`=0"):
        calibration.reliability_curve(SAID, CAME, n_bins=0)
    with pytest.raises(ValueError, match="found 0 rows"):
        calibration.reliability_curve(SAID[:0], CAME[:0], n_bins=2)


@pytest.fixture
def fixed_rows():
    """5,000 probabilities, and labels that come true as often as they say."""
    generator = torch.Generator().manual_seed(0)
    said = torch.rand(5000, generator=generator)
    return said, torch.bernoulli(said, generator=generator)
