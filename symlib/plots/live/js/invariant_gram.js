/* κ as Python packs it: less a constant, which saves digits, and at u = 0 … ⌊n/2⌋ alone, since κ_cd(−u) = κ_dc(u). */
import { unpack } from "./unpack.js";

/* `values(set, c, d)` gives κ_cd(u) of one of several sets of C orbits at u = 0 … n−1, `whole(set)` all (n, C, C) of it. */
export function invariantGram({ n, base, half }) {
  const stored = unpack(half), C = half.shape[3], rows = half.shape[1];
  const at = (set, u, c, d) => base + (u < rows ? stored[((set * rows + u) * C + c) * C + d] : stored[((set * rows + n - u) * C + d) * C + c]);
  return {
    n,
    C,
    sets: half.shape[0],
    values: (set, c, d) => Float64Array.from({ length: n }, (_, u) => at(set, u, c, d)),
    whole: (set) => Float64Array.from({ length: n * C * C }, (_, i) => at(set, Math.floor(i / C / C), Math.floor(i / C) % C, i % C)),
  };
}
