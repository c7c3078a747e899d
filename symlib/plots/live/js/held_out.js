/* Any set of poses left out together: residuals, posterior covariance, and the spread of an ensemble.

Points are element-major, (g, c) ↦ g·C + c, and K[(g,c),(h,d)] = κ_cd(h − g). With A = K + σ²I, inverted once,

  V = ((A⁻¹)_HH)⁻¹    e_H = V (A⁻¹y)_H    y_R'A_RR⁻¹y_R = y'A⁻¹y − e_H'V⁻¹e_H

and V (A⁻¹ΣA⁻¹)_HH V for networks that start with covariance Σ (symlib.regression, book chapter 10). A matrix is its rows,
one after the other.
*/

/* The Gram matrix (nC × nC) of κ (n, C, C) under C_n. */
export function expanded(kappa, n, C) {
  const size = n * C, gram = new Float64Array(size * size);
  for (let g = 0; g < n; g += 1) {
    for (let h = 0; h < n; h += 1) {
      const block = ((h - g + n) % n) * C * C;
      for (let c = 0; c < C; c += 1) {
        for (let d = 0; d < C; d += 1) gram[(g * C + c) * size + h * C + d] = kappa[block + c * C + d];
      }
    }
  }
  return gram;
}

/* L with LL' = a (m × m), which is symmetric and positive definite. */
export function cholesky(a, m) {
  const L = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = a[i * m + j];
      for (let k = 0; k < j; k += 1) sum -= L[i * m + k] * L[j * m + k];
      if (i === j && !(sum > 0)) throw new Error(`a matrix to invert must be positive definite; pivot ${i} is ${sum}`);
      L[i * m + j] = i === j ? Math.sqrt(sum) : sum / L[j * m + j];
    }
  }
  return L;
}

/* x with LL'x = b. */
export function solved(L, b) {
  const m = b.length, x = Float64Array.from(b);
  for (let i = 0; i < m; i += 1) {
    for (let k = 0; k < i; k += 1) x[i] -= L[i * m + k] * x[k];
    x[i] /= L[i * m + i];
  }
  for (let i = m - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < m; k += 1) x[i] -= L[k * m + i] * x[k];
    x[i] /= L[i * m + i];
  }
  return x;
}

/* The inverse (m × m) of a symmetric, positive definite matrix. */
export function inverted(a, m) {
  const L = cholesky(a, m), inverse = new Float64Array(m * m), unit = new Float64Array(m);
  for (let j = 0; j < m; j += 1) {
    unit.fill(0);
    unit[j] = 1;
    for (const [i, value] of solved(L, unit).entries()) inverse[i * m + j] = value;
  }
  return inverse;
}

/* What a training set needs once: A⁻¹, A⁻¹y and y'A⁻¹y, and A⁻¹ΣA⁻¹ where κ of Σ is given. κ: (n, C, C); labels: C. */
export function factored({ kappa, labels, n, sigma = null, ridge = 0 }) {
  const C = labels.length, size = n * C, a = expanded(kappa, n, C);
  for (let i = 0; i < size; i += 1) a[i * size + i] += ridge;
  const inverse = inverted(a, size), weights = new Float64Array(size);
  let whole = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) weights[i] += inverse[i * size + j] * labels[j % C];
    whole += labels[i % C] * weights[i];
  }
  const spread = sigma && product(product(inverse, expanded(sigma, n, C), size), inverse, size);
  return { inverse, weights, whole, spread, size };
}

/* What a machine that was trained without the points `held` (indices) says there: residuals, label minus prediction;
one standard deviation of the Gaussian process, its scale fitted to the labels seen; and of the ensemble, null without Σ. */
export function leftOut({ inverse, weights, whole, spread, size }, held) {
  const m = held.length, covariance = inverted(part(inverse, size, held), m), residuals = new Float64Array(m);
  let unseen = 0;
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < m; j += 1) residuals[i] += covariance[i * m + j] * weights[held[j]];
    unseen += residuals[i] * weights[held[i]]; // e'V⁻¹e, for V⁻¹e = (A⁻¹y)_H
  }
  const scale = (whole - unseen) / (size - m);
  const ensemble = spread && roots(product(product(covariance, part(spread, size, held), m), covariance, m), m);
  return { residuals, process: roots(covariance.map((value) => scale * value), m), ensemble };
}

function product(a, b, m) {
  const c = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) {
    for (let k = 0; k < m; k += 1) {
      for (let j = 0; j < m; j += 1) c[i * m + j] += a[i * m + k] * b[k * m + j];
    }
  }
  return c;
}

function part(a, m, rows) {
  return Float64Array.from({ length: rows.length ** 2 }, (_, i) => a[rows[Math.floor(i / rows.length)] * m + rows[i % rows.length]]);
}

function roots(a, m) {
  return Float64Array.from({ length: m }, (_, i) => Math.sqrt(Math.max(0, a[i * m + i])));
}
