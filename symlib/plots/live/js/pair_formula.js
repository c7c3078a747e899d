/* Two orbits under C_N at every frequency: signal, noise and error of each class, and the paper's one number for both.

With κ_cd(u) = k(x_c, u·x_d) at u = 0 … N−1, Â(ω) = Σ_u κ(u) e^{2πiωu/N} + σ²I (2 × 2) and labels y = (1, −1),

  signal_c = y_c / [Â(0)⁻¹y]_c    noise_c = 1 / mean_ω [Â(ω)⁻¹]_cc    error_c = noise_c / signal_c

which is the group formula (symlib.spectral.residuals). The paper's formula takes the circulant matrix nearest to the Gram
matrix of the 2N points a₀ b₀ a₁ b₁ … instead: ε = λ_N⁻¹ / ⟨λ⁻¹⟩ (symlib.spectral.circulant).
*/

/* Σ_u f(u) e^{2πiωu/n} at ω = 0 … n−1, as { re, im }; f is real. */
export function fourier(f) {
  const n = f.length, re = new Float64Array(n), im = new Float64Array(n);
  const cos = Float64Array.from({ length: n }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from({ length: n }, (_, k) => Math.sin((2 * Math.PI * k) / n));
  for (let w = 0; w < n; w += 1) {
    for (let u = 0; u < n; u += 1) {
      // A constant adds to ω = 0 alone. Left in, it would end as rounding where an orbit has collapsed.
      const k = (w * u) % n, value = f[u] - f[0];
      re[w] += value * cos[k];
      im[w] += value * sin[k];
    }
  }
  re[0] += n * f[0];
  return { re, im };
}

/* Under C_n, which keeps every (N/n)-th pose: every (N/n)-th value. */
export function thinned(f, n) {
  const every = f.length / n;
  return Float64Array.from({ length: n }, (_, u) => f[u * every]);
}

/* { signal, noise, error, parts } of κ = { aa, bb, ab }, for both classes in turn. parts[c][ω] = 1 / [Â(ω)⁻¹]_cc: their
harmonic mean is the noise. */
export function groupFormula({ aa, bb, ab }, ridge = 0) {
  const a = fourier(aa).re, b = fourier(bb).re, cross = fourier(ab), n = a.length;
  const parts = [new Float64Array(n), new Float64Array(n)], inverse = [0, 0];
  for (let w = 0; w < n; w += 1) {
    const p = a[w] + ridge, q = b[w] + ridge, square = cross.re[w] ** 2 + cross.im[w] ** 2;
    parts[0][w] = p - square / q;
    parts[1][w] = q - square / p;
    inverse[0] += 1 / parts[0][w];
    inverse[1] += 1 / parts[1][w];
  }
  const p = a[0] + ridge, q = b[0] + ridge, r = cross.re[0], determinant = p * q - r * r;
  const signal = [determinant / (q + r), determinant / (p + r)], noise = [n / inverse[0], n / inverse[1]];
  return { signal, noise, parts, error: [noise[0] / signal[0], noise[1] / signal[1]] };
}

/* The error by the paper's formula, one for both classes. */
export function paperFormula({ aa, bb, ab }, ridge = 0) {
  const n = aa.length, row = new Float64Array(2 * n);
  for (let u = 0; u < n; u += 1) {
    row[2 * u] = (aa[u] + bb[u]) / 2;
    // From a_g to b_(g+u), and from b_g to a_(g+u+1): κ_ba(u + 1) = κ_ab(−u − 1).
    row[2 * u + 1] = (ab[u] + ab[n - u - 1]) / 2;
  }
  const lambda = fourier(row).re;
  let inverse = 0;
  for (const value of lambda) inverse += 1 / (value + ridge);
  return (2 * n) / (lambda[n] + ridge) / inverse;
}
