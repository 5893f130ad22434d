package embed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gocoreml/coreml/tokenizer"
)

// What is read ahead of the texts of a stream, so that some of one length can be
// found among them.
const (
	windowTexts = 1024
	windowBytes = 4 << 20
)

// Embedding is the vector of a text.
type Embedding struct {
	// Text is the text as it was given.
	Text string
	// Vector belongs to the caller.
	Vector []float32
	// Tokens is the number of tokens that went into the vector, special ones and those
	// of a prompt included, and Truncated is true where the text had more than the
	// model takes.
	Tokens    int
	Truncated bool
}

// Embed returns a vector for each text, in their order. A nil opts is the zero
// [Options]. Vectors are to be compared by [Cosine], unless Settings name another
// measure. A failing text fails the call.
//
// Embed returns ctx's error soon after ctx ends; a nil ctx never does.
func (m *Model) Embed(ctx context.Context, texts []string, opts *Options) ([][]float32, error) {
	out := make([][]float32, 0, len(texts))
	for e, err := range m.Stream(ctx, slices.Values(texts), opts) {
		if err != nil {
			return nil, err
		}
		out = append(out, e.Vector)
	}
	return out, nil
}

// Stream gives the vectors of any number of texts, in their order. It takes up to
// 1,024 texts, or 4 MiB of them, before it gives the first vector, since texts of
// about one length go through the package together. An error comes once, last.
func (m *Model) Stream(ctx context.Context, texts iter.Seq[string], opts *Options) iter.Seq2[Embedding, error] {
	return func(yield func(Embedding, error) bool) {
		err := m.stream(background(ctx), texts, valueOr(opts, Options{}), func(e Embedding) bool { return yield(e, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(Embedding{}, prefixed("", err))
		}
	}
}

// errStopped ends a stream whose reader has had enough.
var errStopped = errors.New("stopped")

// stream is Stream with one error at its end.
func (m *Model) stream(ctx context.Context, texts iter.Seq[string], o Options, yield func(Embedding) bool) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.driver.Gives == GivesScores {
		return noEmbeddings("output %s is scores of a classifier: Score ranks texts with it", m.model.Description().Output(m.driver.Output))
	}
	if err := o.validate(); err != nil {
		return err
	}
	prompt, err := m.settings.prompt(&o)
	if err != nil {
		return err
	}
	skip, err := m.promptTokens(ctx, prompt)
	if err != nil {
		return err
	}
	return windows(ctx, texts, len(prompt), func(first int, window []string) error {
		list, err := m.window(ctx, first, window, prompt, skip, &o)
		if err != nil {
			return err
		}
		for _, e := range list {
			if !yield(e) {
				return errStopped
			}
		}
		return nil
	})
}

// windows cuts texts into lists that can be in memory. beside is the number of bytes
// that go with each text, and first the place of the first text of a list.
func windows(ctx context.Context, texts iter.Seq[string], beside int, take func(first int, window []string) error) error {
	var window []string
	first, bytes := 0, 0
	flush := func() error {
		if err := ctx.Err(); err != nil || len(window) == 0 {
			return err
		}
		err := take(first, window)
		first, bytes, window = first+len(window), 0, nil
		return err
	}
	if texts == nil {
		return ctx.Err()
	}
	for text := range texts {
		window, bytes = append(window, text), bytes+len(text)+beside
		if len(window) < windowTexts && bytes < windowBytes {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return flush()
}

// window makes the vectors of a window.
func (m *Model) window(ctx context.Context, first int, texts []string, prompt string, skip int, o *Options) ([]Embedding, error) {
	inputs := make([]tokenizer.Input, len(texts))
	for i, text := range texts {
		inputs[i].Text = m.prepare(prompt, text)
	}
	list, err := m.encode(ctx, inputs, o.RefuseLong, first)
	if err != nil {
		return nil, err
	}
	out := make([]Embedding, len(texts))
	err = m.run(ctx, list, func(t *encoded, rows []float32, width int) error {
		v, err := m.finish(rows, width, skip, o)
		if err != nil {
			return fmt.Errorf("text %d: %w", first+t.index, err)
		}
		out[t.index] = Embedding{texts[t.index], v, len(t.ids), t.truncated}
		return nil
	})
	return out, err
}

// finish makes the vector of a text of what the package gave for it. The result
// has memory of its own.
func (m *Model) finish(rows []float32, width, skip int, o *Options) ([]float32, error) {
	var v []float32
	pooled := m.driver.Gives == GivesVector
	if pooled {
		v = slices.Clone(rows)
	} else {
		skip = min(skip, len(rows)/width-1)
		v = pool(m.pooling, rows, width, skip)
	}
	v, err := m.applyLayers(v, pooled)
	if err != nil {
		return nil, err
	}
	m.dimensions.Store(int64(len(v)))
	dims := cmp.Or(o.Dimensions, m.settings.Dimensions)
	if dims > len(v) {
		return nil, configErrorf("Dimensions", "is %d, and the model's vectors have %d", dims, len(v))
	}
	if dims > 0 {
		v = v[:dims:dims]
	}
	if valueOr(o.Normalize, dims > 0) {
		normalize(v)
	}
	if !isFinite(v) {
		return nil, ErrNonFinite
	}
	return v, nil
}

// applyLayers sends a vector through the layers of modules.json. One that the
// package has made itself went through them, as far as its size does not say
// otherwise.
func (m *Model) applyLayers(v []float32, done bool) ([]float32, error) {
	if done {
		in, out := 0, 0
		for i := range m.settings.layers {
			if l := &m.settings.layers[i]; l.kind != normalizeLayer {
				if in == 0 {
					in = l.in
				}
				out = l.out
			}
		}
		done = len(v) != in || len(v) == out
	}
	for i := range m.settings.layers {
		l := &m.settings.layers[i]
		if done && l.kind != normalizeLayer {
			continue
		}
		if l.kind != normalizeLayer && len(v) != l.in {
			return nil, configErrorf(modulesName, "a layer takes vectors of %d numbers, and the package gives %d", l.in, len(v))
		}
		v = l.apply(v)
	}
	return v, nil
}
