package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/internal/workpool"
)

type attnSpec struct {
	heads, kv, queries, keys, dim, vdim int
	half, across, causal, round         bool
}

func (s attnSpec) String() string { return fmt.Sprintf("%+v", struct{ attnSpec }{s}.attnSpec.fields()) }

func (s attnSpec) fields() []any {
	return []any{s.heads, s.kv, s.queries, s.keys, s.dim, s.vdim, s.half, s.across, s.causal, s.round}
}

func (s attnSpec) build(tb testing.TB, r *rand.Rand) *kernel.Attention {
	a := &kernel.Attention{
		Heads: s.heads, KVHeads: s.kv, Queries: s.queries, Keys: s.keys, HeadDim: s.dim, ValueDim: s.vdim,
		Q: normals(tb, r, s.heads*s.queries*s.dim), QHead: s.dim, QRow: s.heads * s.dim,
		KHead: s.keys * s.dim, KRow: s.dim, KCol: 1, VHead: s.keys * s.vdim, VRow: s.vdim, VCol: 1,
		Scale: float32(1 / math.Sqrt(float64(s.dim))), Round: s.round,
		Dst: guarded[float32](tb, s.heads*s.queries*s.vdim), DstHead: s.queries * s.vdim, DstRow: s.vdim,
	}
	if s.across {
		a.KRow, a.KCol, a.VRow, a.VCol = 1, s.keys, 1, s.keys
	}
	if s.half {
		a.K16, a.V16 = halves(tb, r, s.kv*s.keys*s.dim, 1), halves(tb, r, s.kv*s.keys*s.vdim, 1)
	} else {
		a.K32, a.V32 = normals(tb, r, s.kv*s.keys*s.dim), normals(tb, r, s.kv*s.keys*s.vdim)
	}
	if s.causal {
		a.Mask, a.MaskRow = guarded[float32](tb, s.queries*s.keys), s.keys
		for q := range s.queries {
			for k := range s.keys {
				if k > q+s.keys-s.queries {
					a.Mask[q*s.keys+k] = float32(math.Inf(-1))
				}
			}
		}
	}
	if s.round {
		kernel.RoundF16(a.Q)
	}
	return a
}

func at(h []uint16, f []float32, i int) float64 {
	if h != nil {
		return float64(dtype.Float16ToFloat32(h[i]))
	}
	return float64(f[i])
}

// reference computes one row in float64, rounding where the separate
// operations would.
func reference(a *kernel.Attention, h, q int) []float64 {
	step := func(v float64) float64 {
		if a.Round {
			return float64(dtype.RoundFloat16(float32(v)))
		}
		return v
	}
	kv := h / (a.Heads / a.KVHeads)
	s := make([]float64, a.Keys)
	peak, sum := math.Inf(-1), 0.0
	for k := range s {
		for d := range a.HeadDim {
			s[k] += float64(a.Q[h*a.QHead+q*a.QRow+d]) * at(a.K16, a.K32, kv*a.KHead+k*a.KRow+d*a.KCol)
		}
		s[k] = step(step(s[k]) * float64(a.Scale))
		if a.Mask != nil {
			s[k] = step(s[k] + float64(a.Mask[h*a.MaskHead+q*a.MaskRow+k]))
		}
		peak = max(peak, s[k])
	}
	for k := range s {
		s[k] = math.Exp(s[k] - peak)
		sum += s[k]
	}
	out := make([]float64, a.ValueDim)
	for k := range s {
		w := step(s[k] / sum)
		if w == 0 {
			continue
		}
		for d := range out {
			out[d] += w * at(a.V16, a.V32, kv*a.VHead+k*a.VRow+d*a.VCol)
		}
	}
	for d := range out {
		out[d] = step(out[d])
	}
	return out
}

func checkAttention(t *testing.T, a *kernel.Attention) {
	t.Helper()
	for h := range a.Heads {
		for q := range a.Queries {
			want := reference(a, h, q)
			for d, w := range want {
				// Scores of a few units carry errors of HeadDim·eps each, which move the
				// weights by as much; rounded scores may fall to the neighbouring half,
				// which moves a weight by up to 2^-9 of itself for scores below 4.
				bound := 1e-5 * (1 + math.Abs(w))
				if a.Round {
					bound = 0.012 * (1 + math.Abs(w))
				}
				near(t, fmt.Sprintf("head %d query %d element %d", h, q, d), a.Dst[h*a.DstHead+q*a.DstRow+d], w, bound)
			}
		}
	}
}

func attnSpecs() []attnSpec {
	var all []attnSpec
	for i, d := range [][6]int{
		{1, 1, 1, 1, 8, 8}, {9, 3, 1, 130, 64, 64}, {4, 4, 5, 67, 16, 24}, {8, 2, 13, 80, 32, 32}, {6, 1, 3, 200, 20, 12}, {3, 3, 30, 30, 7, 5}, {14, 2, 1, 65, 64, 64},
	} {
		for v := range 8 {
			all = append(all, attnSpec{d[0], d[1], d[2], d[3], d[4], d[5], v&1 != 0, (v+i)%4 == 3, v&2 != 0, v&4 != 0})
		}
	}
	return all
}

func TestAttentionMatchesTheDefinition(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range attnSpecs() {
			t.Run(s.String(), func(t *testing.T) {
				a := s.build(t, newRand(12))
				a.Go(nil, 0)
				checkAttention(t, a)
			})
		}
	})
}

func TestAttentionDoesNotDependOnThreadsAndAllocatesNothing(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, s := range attnSpecs() {
			a := s.build(t, newRand(13))
			a.Go(nil, 0)
			want := append([]float32(nil), a.Dst...)
			for _, threads := range []int{2, 4} {
				p := workpool.New(threads)
				clear(a.Dst)
				a.Go(p, 0)
				for i, got := range a.Dst {
					if got != want[i] {
						t.Fatalf("%v with %d threads: element %d is %v, want %v", s, threads, i, got, want[i])
					}
				}
				if n := testutil.Allocs(5, func() { a.Go(p, 0) }); n != 0 {
					t.Errorf("%v: allocated %v times", s, n)
				}
				p.Close()
			}
		}
	})
}

func TestKeysOfWeightZeroDoNotReachTheResult(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, half := range []bool{false, true} {
			for _, round := range []bool{false, true} {
				a := attnSpec{4, 2, 6, 150, 16, 16, half, false, true, round}.build(t, newRand(14))
				// Key 147 is hidden from queries 0 to 2 and seen by none of them.
				for d := range 16 {
					if half {
						a.K16[149*16+d], a.V16[149*16+d] = 0x7e00, 0x7c00
					} else {
						a.K32[149*16+d], a.V32[149*16+d] = float32(math.NaN()), float32(math.NaN())
					}
				}
				a.Go(nil, 0)
				for h := range 2 {
					for q := range 5 {
						for d := range 16 {
							if v := a.Dst[h*a.DstHead+q*a.DstRow+d]; v != v || math.IsInf(float64(v), 0) {
								t.Fatalf("head %d query %d: %v came from a hidden key", h, q, v)
							}
						}
					}
					if v := a.Dst[h*a.DstHead+5*a.DstRow]; v == v {
						t.Fatalf("head %d: the query that sees a NaN key gave %v", h, v)
					}
				}
			}
		}
	})
}

func TestAFullyMaskedRowIsNaNAndOthersAreNot(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		a := attnSpec{2, 1, 4, 70, 8, 8, true, false, true, false}.build(t, newRand(15))
		for k := range 70 {
			a.Mask[2*70+k] = float32(math.Inf(-1))
		}
		a.Go(nil, 0)
		for h := range 2 {
			for q := range 4 {
				v := a.Dst[h*a.DstHead+q*a.DstRow]
				if (v != v) != (q == 2) {
					t.Errorf("head %d query %d gave %v", h, q, v)
				}
			}
		}
		all := attnSpec{1, 1, 1, 70, 8, 8, true, false, true, true}.build(t, newRand(16))
		for k := range all.Mask {
			all.Mask[k] = float32(math.Inf(-1))
		}
		all.Go(nil, 0)
		if v := all.Dst[0]; v == v {
			t.Errorf("a fully masked row alone gave %v", v)
		}
	})
}
