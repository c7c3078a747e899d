/* How far a drawn curve is from the computed one, and how either of them runs. */

/* `typical` over the points: the geometric mean of the ratios where the scale is logarithmic, else the mean difference.
`most` at the worst of them, whose index is `at`. */
export function distance(drawn, computed, log) {
  const gaps = drawn.map((value, i) => Math.abs(log ? Math.log(value / computed[i]) : value - computed[i]));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length, most = Math.max(...gaps);
  return log
    ? { typical: Math.exp(mean), most: Math.exp(most), at: gaps.indexOf(most) }
    : { typical: mean, most, at: gaps.indexOf(most) };
}

/* "rises, then falls": its turns, each counted once the curve has gone back by more than `least`. */
export function course(values, least) {
  const turns = [];
  let direction = 0, extreme = values[0], low = values[0], high = values[0];
  for (const value of values) {
    if (direction === 0) {
      [low, high] = [Math.min(low, value), Math.max(high, value)];
      if (value - low > least) direction = 1;
      else if (high - value > least) direction = -1;
      if (direction !== 0) turns.push(direction);
      extreme = value;
    } else if ((value - extreme) * direction >= 0) extreme = value;
    else if (Math.abs(value - extreme) > least) {
      direction = -direction;
      turns.push(direction);
      extreme = value;
    }
  }
  if (turns.length === 0) return "stays level";
  if (turns.length > 3) return "goes up and down";
  return turns.map((turn) => (turn > 0 ? "rises" : "falls")).join(", then ");
}
