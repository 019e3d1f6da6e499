"""Verdicts on a learner's answers: one module per lesson, and `verdicts`, which judges for all."""
