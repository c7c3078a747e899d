/* How far poses lie from pose 0 in the feature space of a kernel: |φ(x) − φ(u·x')|² = κ_xx(0) + κ_x'x'(0) − 2κ_xx'(u).

Where an architecture has the symmetry κ is constant: all poses are one point, and its transform vanishes at every ω but 0.
*/
export function distances(kappa, own, other) {
  return kappa.map((value) => Math.sqrt(Math.max(0, own + other - 2 * value)));
}
