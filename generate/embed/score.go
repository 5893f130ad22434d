package embed

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/tokenizer"
)

// Score says how well each text answers a query, by a package that takes both of
// them at once: a reranker, or cross-encoder. The scores come in the order of the
// texts; a higher one is better.
//
// A model with one logit gives it through a sigmoid, as sentence-transformers does,
// or as it is where config.json says so (activation_fn Identity). Of a model with
// several classes the score is the probability of the one that [Config.Label]
// names, among all of them. Of opts RefuseLong counts; a prompt is refused, since pairs have none.
//
// Score returns ctx's error soon after ctx ends; a nil ctx never does.
func (m *Model) Score(ctx context.Context, query string, texts []string, opts *Options) ([]float32, error) {
	if err := m.check(); err != nil {
		return nil, prefixed("score", err)
	}
	label, classes := 0, 0
	out := make([]float32, 0, len(texts))
	err := m.scores(background(ctx), query, texts, valueOr(opts, Options{}), func(logits []float32) (err error) {
		if len(logits) != classes {
			classes = len(logits)
			if label, err = m.settings.label(m.label, classes); err != nil {
				return err
			}
		}
		activation := m.settings.Activation
		switch {
		case activation == "" && classes == 1:
			activation = "sigmoid"
		case activation != "sigmoid" && classes > 1:
			activation = "softmax" // files say identity where nobody chose
		}
		activate(activation, logits)
		out = append(out, logits[label])
		return nil
	})
	if err != nil {
		return nil, prefixed("score", err)
	}
	return out, nil
}

// Classify returns the numbers of all classes for each pair of a query and a text,
// in the order of the texts: logits, or what config.json says to make of them. It is
// [Model.Score] without the choice of a class; [Settings] has the classes' names.
func (m *Model) Classify(ctx context.Context, query string, texts []string, opts *Options) ([][]float32, error) {
	if err := m.check(); err != nil {
		return nil, prefixed("classify", err)
	}
	out := make([][]float32, 0, len(texts))
	err := m.scores(background(ctx), query, texts, valueOr(opts, Options{}), func(logits []float32) error {
		activate(m.settings.Activation, logits)
		out = append(out, logits)
		return nil
	})
	if err != nil {
		return nil, prefixed("classify", err)
	}
	return out, nil
}

// scores gives the logits of each pair in the order of the texts.
func (m *Model) scores(ctx context.Context, query string, texts []string, o Options, give func(logits []float32) error) error {
	if m.driver.Gives != GivesScores {
		return &PackageError{Scores: true, Reason: fmt.Sprintf("output %s is no score of a pair: the package gives embeddings", m.model.Description().Output(m.driver.Output))}
	}
	switch {
	case o.Prompt != "" || o.Prefix != "" || o.Role != RoleNone:
		return configErrorf("Prompt", "is for vectors: a pair has no prompt")
	case o.Dimensions != 0 || o.Normalize != nil:
		return configErrorf("Dimensions", "and Normalize are for vectors")
	}
	return windows(ctx, slices.Values(texts), len(query), func(first int, window []string) error {
		inputs := make([]tokenizer.Input, len(window))
		for i, text := range window {
			text = m.prepare("", text)
			inputs[i] = tokenizer.Input{Text: m.prepare("", query), Pair: &text}
		}
		list, err := m.encode(ctx, inputs, o.RefuseLong, first)
		if err != nil {
			return err
		}
		logits := make([][]float32, len(window))
		err = m.run(ctx, list, func(t *encoded, row []float32, width int) error {
			m.dimensions.Store(int64(width))
			if !isFinite(row) {
				return fmt.Errorf("text %d: %w", first+t.index, ErrNonFinite)
			}
			logits[t.index] = slices.Clone(row)
			return nil
		})
		if err != nil {
			return err
		}
		for _, row := range logits {
			if err := give(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// activate sends logits through a function, in place.
func activate(name string, logits []float32) {
	switch name {
	case "sigmoid":
		for i, x := range logits {
			logits[i] = float32(sigmoid(float64(x)))
		}
	case "softmax":
		most, sum := float64(slices.Max(logits)), 0.0
		for _, x := range logits {
			sum += math.Exp(float64(x) - most)
		}
		for i, x := range logits {
			logits[i] = float32(math.Exp(float64(x)-most) / sum)
		}
	}
}
