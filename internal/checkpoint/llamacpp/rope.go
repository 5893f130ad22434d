package llamacpp

import (
	"math"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
)

// rope puts the base of the rotary frequencies and their scaling into a configuration, in
// the spelling of transformers 4.
func (w *words) rope(c map[string]any, h *hyperparameters, tensors tensorMap) {
	base, ok := w.number("rope.freq_base")
	if !ok {
		base = 10000
	}
	c["rope_theta"] = base
	if scaling := w.scaling(h, base, tensors); scaling != nil {
		c["rope_scaling"] = scaling
	}
}

// scaling returns rope_scaling, nil where there is none.
func (w *words) scaling(h *hyperparameters, base float64, tensors tensorMap) map[string]any {
	kind := "none"
	if v, ok := w.look("rope.scaling.type"); ok {
		if kind, ok = v.Text(); !ok {
			w.fail("%s.rope.scaling.type is no text", w.arch)
		}
	}
	factor, scaled := w.number("rope.scaling.factor")
	if old, ok := w.number("rope.scale_linear"); ok && !scaled && old != 1 {
		kind, factor, scaled = "linear", old, true
	}
	original := w.size("rope.scaling.original_context_length", 0)
	attention, hasAttention := w.number("rope.scaling.attn_factor")
	s := map[string]any{"rope_type": kind}
	if original > 0 {
		s["original_max_position_embeddings"] = original
	}
	factors := func(name string) []float64 { return w.factors(tensors[name+".weight"], h) }
	freqs, short, long := factors("rope_freqs"), factors("rope_factors_short"), factors("rope_factors_long")
	switch {
	case w.err != nil:
		return nil
	case freqs != nil && (short != nil || long != nil || scaled && factor != 1):
		w.fail("its rotary frequencies are scaled in two ways")
		return nil
	case freqs != nil:
		return byFactors(freqs, base, h)
	case short != nil && long != nil:
		s["rope_type"], s["short_factor"], s["long_factor"] = "longrope", short, long
		if hasAttention {
			s["attention_factor"] = attention
		}
		return s
	case short != nil || long != nil:
		w.fail("one of rope_factors_short and rope_factors_long is missing")
		return nil
	case kind == "none" || kind == "" || kind == "linear" && (!scaled || factor == 1):
		return nil
	case kind == "linear":
		s["factor"] = factor
		return s
	case kind == "yarn":
		s["factor"] = w.needed("rope.scaling.factor")
		w.yarn(s)
		return s
	}
	w.fail("the scaling %q of its rotary frequencies is not known, or lacks its factors", kind)
	return nil
}

// yarn reads the parameters that only yarn has.
func (w *words) yarn(s map[string]any) {
	w.copyNumber(s, "attention_factor", "rope.scaling.yarn_attn_factor")
	w.copyNumber(s, "beta_fast", "rope.scaling.yarn_beta_fast")
	w.copyNumber(s, "beta_slow", "rope.scaling.yarn_beta_slow")
	if ext, ok := w.number("rope.scaling.yarn_ext_factor"); ok && ext != 1 {
		w.fail("yarn with an extrapolation factor of %v, which is not read", ext)
	}
	if f, ok := s["factor"].(float64); !ok || f <= 0 {
		w.fail("yarn with a factor that is not positive")
	}
}

// factors reads a tensor of divisors of the frequencies, nil where there is none.
func (w *words) factors(t *gguf.Tensor, h *hyperparameters) []float64 {
	if t == nil {
		return nil
	}
	if len(t.Shape) != 1 || t.Shape[0] != h.rotary/2 {
		w.fail("the tensor %s has the shape %v, want [%d]", t.Name, t.Shape, h.rotary/2)
		return nil
	}
	row := make([]float32, t.Shape[0])
	if err := t.Rows(w.ctx, []int{0}, row); err != nil {
		w.fail("%w", err)
		return nil
	}
	out := make([]float64, len(row))
	for i, f := range row {
		if out[i] = decimal(f); !(f > 0) || math.IsInf(float64(f), 0) {
			w.fail("the tensor %s has a divisor of %v", t.Name, f)
		}
	}
	return out
}

// byFactors says which scaling has the given divisors of the frequencies. The converter
// stores those of Llama 3 and not its parameters. They are tried; other divisors are a
// longrope with the same ones on both sides of its border.
func byFactors(divisors []float64, base float64, h *hyperparameters) map[string]any {
	factor := 1.0
	for _, d := range divisors {
		factor = max(factor, d)
	}
	for original := 16; original <= 1<<20; original *= 2 {
		if isLlama3(divisors, base, factor, float64(original), 2*len(divisors)) {
			return map[string]any{
				"rope_type": "llama3", "factor": factor, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": original,
			}
		}
	}
	return map[string]any{
		"rope_type": "longrope", "short_factor": divisors, "long_factor": divisors, "attention_factor": 1.0, "original_max_position_embeddings": h.context,
	}
}

// isLlama3 reports whether the divisors are those of Llama 3's scaling.
func isLlama3(divisors []float64, base, factor, original float64, dim int) bool {
	const low, high = 1, 4
	for i, d := range divisors {
		length := 2 * math.Pi * math.Pow(base, float64(2*i)/float64(dim))
		want := 1.0
		switch {
		case length < original/high:
		case length > original/low:
			want = factor
		default:
			smooth := (original/length - low) / (high - low)
			want = 1 / ((1-smooth)/factor + smooth)
		}
		if math.Abs(d-want) > 1e-5*want {
			return false
		}
	}
	return factor > 1
}
