// Numbers to colours: one scale from dark blue to yellow, for every kind of colour vision.

// every eighth of matplotlib's "cividis", which grows lighter all the way
const STOPS = [[0, 34, 78], [26, 56, 111], [67, 78, 108], [97, 101, 111], [125, 124, 120], [155, 148, 118], [188, 174, 108], [222, 201, 88], [254, 232, 56]];

/** How far `value` is from the worst (0) to the best (1) of `limits`; one half where all are alike. */
export function goodness(value, [low, high], largerIsBetter) {
  if (high === low) return 0.5;
  const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
  return largerIsBetter ? share : 1 - share;
}

/** The colour of a share from 0 (dark blue) to 1 (yellow), as [red, green, blue]. */
export function ramp(share) {
  const along = share * (STOPS.length - 1);
  const from = Math.min(Math.floor(along), STOPS.length - 2);
  return STOPS[from].map((low, i) => Math.round(low + (along - from) * (STOPS[from + 1][i] - low)));
}

/** The same for a style sheet. */
export const tint = (share) => `rgb(${ramp(share).join(" ")})`;
