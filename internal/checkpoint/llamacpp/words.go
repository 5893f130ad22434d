package llamacpp

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/storage"
)

// words reads the metadata of a file. The first error stays; what is asked for after it
// is zero.
type words struct {
	ctx  context.Context //nolint:containedctx // it lives for one call
	meta map[string]gguf.Value
	arch string
	used map[string]bool
	err  error
}

func newWords(ctx context.Context, meta map[string]gguf.Value) *words {
	return &words{ctx: ctx, meta: meta, used: map[string]bool{}}
}

func (w *words) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: "+format, append([]any{ErrModel}, args...)...)
	}
}

// look returns the value of a hyperparameter: of the key after the architecture's name.
func (w *words) look(key string) (gguf.Value, bool) {
	key = w.arch + "." + key
	w.used[key] = true
	v, ok := w.meta[key]
	return v, ok
}

// text returns the text of a key that must be there.
func (w *words) text(key string) string {
	s, ok := w.meta[key].Text()
	if !ok {
		w.fail("the metadata has no text %s", key)
	}
	return s
}

// size returns a hyperparameter that counts something. Some have a number for each layer,
// which must be equal. Without the key the fallback is returned, which must not be
// negative: a key without fallback must be there.
func (w *words) size(key string, fallback int) int {
	v, ok := w.look(key)
	if !ok {
		if fallback < 0 {
			w.fail("the metadata has no %s.%s", w.arch, key)
		}
		return max(fallback, 0)
	}
	n, single := v.Int()
	if all, ok := v.Ints(); ok && len(all) > 0 {
		n, single = all[0], true
		if slices.ContainsFunc(all, func(x int64) bool { return x != n }) {
			w.fail("%s.%s is not the same for all layers, which is not read", w.arch, key)
		}
	}
	if !single || n < 0 || n > 1<<31-1 {
		w.fail("%s.%s is no count", w.arch, key)
		return 0
	}
	return int(n)
}

// number returns a hyperparameter that is a number, and whether it is there.
func (w *words) number(key string) (float64, bool) {
	v, ok := w.look(key)
	if !ok {
		return 0, false
	}
	f, ok := v.Float()
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		w.fail("%s.%s is no number", w.arch, key)
		return 0, false
	}
	if v.Kind == gguf.Float32 {
		f = decimal(float32(f))
	}
	return f, true
}

// decimal returns the shortest decimal number that a float32 stands for: 1e-5 was written
// where the nearest float32 is read.
func decimal(f float32) float64 {
	d, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return float64(f)
	}
	return d
}

// needed returns a number that must be there.
func (w *words) needed(key string) float64 {
	f, ok := w.number(key)
	if !ok {
		w.fail("the metadata has no %s.%s", w.arch, key)
	}
	return f
}

// copyNumber puts a number that is there into a configuration, under another name.
func (w *words) copyNumber(config map[string]any, name, key string) {
	if f, ok := w.number(key); ok {
		config[name] = f
	}
}

// flag returns a truth value, or the fallback where it is not there.
func (w *words) flag(key string, fallback bool) bool {
	v, ok := w.look(key)
	if !ok {
		return fallback
	}
	b, ok := v.Bool()
	if !ok {
		w.fail("%s.%s is no truth value", w.arch, key)
	}
	return b
}

// harmless are hyperparameters that change nothing in the arithmetic, or say again what
// the tensors say.
var harmless = []string{"vocab_size", "tensor_data_layout", "rope.scaling.finetuned", "block_count", "attention.value_length"}

// finish says which hyperparameter nobody has asked for.
func (w *words) finish() error {
	for _, key := range harmless {
		w.used[w.arch+"."+key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(w.meta)) {
		if strings.HasPrefix(key, w.arch+".") && !w.used[key] {
			w.fail("the hyperparameter %s is not known", storage.Quote(key))
		}
	}
	return w.err
}
