/* Inner products of the hidden layer of random relu networks, and the arc-cosine formula that is their limit.

Two inputs of unit length at an angle θ span a plane, and a unit with standard Gaussian weights sees only its two weights
in that plane. So a network of m units is 2m numbers, and its inner product at θ is

  R_m(θ) = (1/m) Σ relu(w_i · x) relu(w_i · x'),   x = (1, 0), x' = (cos θ, sin θ).

Its mean over networks is R = (sin θ + (π − θ) cos θ) / 2π, equation (4.8) at ν = 1, and its variance (Q − R²)/m with
Q = E relu(a)² relu(a')² = (3 sin θ cos θ + (π − θ)(1 + 2 cos² θ)) / 2π (Cho and Saul, 2009, orders 1 and 2).
*/
import { gaussians } from "./random.js";

export function limit(theta) {
  return (Math.sin(theta) + (Math.PI - theta) * Math.cos(theta)) / (2 * Math.PI);
}

/* Standard deviation of R_m(θ) over networks of `width` units. */
export function scatter(theta, width) {
  const square = (3 * Math.sin(theta) * Math.cos(theta) + (Math.PI - theta) * (1 + 2 * Math.cos(theta) ** 2)) / (2 * Math.PI);
  return Math.sqrt(Math.max(0, square - limit(theta) ** 2) / width);
}

/* `count` networks of `width` units: a function of (network, θ) that gives R_m(θ). */
export function drawNetworks(count, width, seed) {
  const weights = gaussians(2 * count * width, seed);
  return (network, theta) => {
    const cos = Math.cos(theta), sin = Math.sin(theta), start = 2 * network * width;
    let sum = 0;
    for (let i = start; i < start + 2 * width; i += 2) {
      const a = weights[i], b = a * cos + weights[i + 1] * sin;
      if (a > 0 && b > 0) sum += a * b;
    }
    return sum / width;
  };
}

/* Mean, standard deviation and standard error of the mean of values. */
export function summary(values) {
  const n = values.length, mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { mean, deviation, error: deviation / Math.sqrt(n) };
}
