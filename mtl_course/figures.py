"""Values in, artists out: every figure of the course, in one palette, with its text description."""

TASK_COLORS = {  # Okabe and Ito's palette: one colour a task, through the whole course
    "purchase": "#0072B2",
    "quantity": "#D55E00",
    "rating": "#CC79A7",
    "click": "#56B4E9",
    "age_55_plus": "#009E73",
    "any_kids": "#E69F00",
    "income_75k_plus": "#882255",
}
TASK_MARKERS = {  # a second sign beside the colour, for readers who cannot tell the colours apart
    "purchase": "o",
    "quantity": "s",
    "rating": "D",
    "click": "^",
    "age_55_plus": "v",
    "any_kids": "P",
    "income_75k_plus": "X",
}
BASELINE_COLOR = "#777777"
