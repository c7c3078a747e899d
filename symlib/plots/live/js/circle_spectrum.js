/* The spectrum of two circles of N poses under the radial basis function, free of cancellation at any ridge.

On a circle of radius 1 the kernel is exp(−(1 − cos θ)/ℓ²), whose Fourier coefficients e^{−z} I_m(z), z = 1/ℓ², are
positive; and in the interleaved order a₀ b₀ a₁ b₁ …

  λ_ω = σ² + N Σ_{m ≡ ω mod N} e^{−z} I_|m|(z) (1 + q (−1)^{(m−ω)/N}),   q = exp(−Δ²/2ℓ²):

a sum of positive terms, so that each eigenvalue, however small, is right to rounding. Summing kernel values with cosines
loses what is below 10⁻¹⁶ of the largest.
*/

/* e^{−z} I_m(z) for m = 0 … count − 1, by Miller's backward recurrence; they and their mirror images sum to one. */
export function besselWeights(z, count) {
  const weights = new Float64Array(count);
  let above = 0, here = 1e-280, total = 0;
  for (let m = count + 40 + Math.ceil(4 * Math.sqrt(z)); m >= 0; m -= 1) {
    if (m < count) weights[m] = here;
    total += (m === 0 ? 1 : 2) * here;
    [above, here] = [here, above + ((2 * m) / z) * here];
    if (here > 1e200) {
      // What this takes below the smallest number is nothing beside what is to come.
      [above, here, total] = [above * 1e-280, here * 1e-280, total * 1e-280];
      for (let other = Math.max(m, 0); other < count; other += 1) weights[other] *= 1e-280;
    }
  }
  return weights.map((weight) => weight / total);
}

/* A function of (n, delta): the 2n eigenvalues at a length scale and a ridge, for n up to `most`. */
export function circleSpectra(scale, ridge, most) {
  const z = 1 / scale ** 2, count = 3 * most + Math.ceil(12 * Math.sqrt(z)) + 20, weights = besselWeights(z, count);
  return (n, delta) => {
    const apart = -Math.expm1(-(delta ** 2) / (2 * scale ** 2));
    const found = new Float64Array(2 * n);
    for (let omega = 0; omega < 2 * n; omega += 1) {
      let sum = 0;
      for (let k = -Math.ceil((count + omega) / n); omega + k * n < count; k += 1) {
        const m = Math.abs(omega + k * n);
        // 1 + q and 1 − q; written so that neither loses digits.
        if (m < count) sum += weights[m] * (k % 2 === 0 ? 2 - apart : apart);
      }
      found[omega] = n * sum + ridge;
    }
    return found;
  };
}

/* Signal λ_N, noise (the harmonic mean of the spectrum), the error, the prediction for a pose labelled +1 and its spread. */
export function verdict(eigenvalues) {
  const n = eigenvalues.length / 2, signal = eigenvalues[n];
  const noise = (2 * n) / eigenvalues.reduce((sum, value) => sum + 1 / value, 0);
  return { signal, noise, error: noise / signal, mean: 1 - noise / signal, deviation: Math.sqrt(noise) };
}
