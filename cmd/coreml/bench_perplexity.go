package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/storage"
)

// perplexityResult is how well a model foretells a text.
//
// Perplexity says whether arithmetic or compression has spoilt a model, in one
// number: it is what --arithmetic faithful and fast are compared by.
type perplexityResult struct {
	// Tokens is the number of tokens that were foretold.
	Tokens     int     `json:"tokens"`
	MeanNLL    float64 `json:"mean_nll"`
	Perplexity float64 `json:"perplexity"`
}

// perplexityTokens encodes a text for the tokenizer that is asked for, else that of
// the package; no file gives nil.
//
// No special tokens are put around the text: it is foretold as it stands.
func perplexityTokens(ctx context.Context, f *finder, file string, at place, asked string, flags *tokenizerFlags) ([]int, error) {
	if file == "" {
		return nil, nil
	}
	dir, err := f.tokenizer(ctx, at, asked)
	if err != nil {
		return nil, err
	}
	tok, err := flags.loadFolder(dir)
	if err != nil {
		return nil, err
	}
	text, err := readText(file)
	var special *storage.NotRegularError
	// It is the call that is wrong, and its name is said: another file may be
	// missing too.
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, &special) {
		return nil, usagef("--perplexity: %s", explain(err))
	}
	if err != nil {
		return nil, err
	}
	ids, err := tok.Encode(text, false)
	if err != nil {
		return nil, err
	}
	if len(ids) < 2 {
		return nil, fmt.Errorf("%s: %d tokens, where the second is the first to foretell", file, len(ids))
	}
	return ids, nil
}

// readText reads a text of the size that prompts may have.
func readText(path string) (_ string, err error) {
	f, err := storage.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, maxPrompt+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxPrompt {
		return "", fmt.Errorf("%s: more than %s", path, bytesText(maxPrompt))
	}
	return string(data), nil
}

// perplexity feeds the text and compares each token with what the model foretold
// from all before. A text that is longer than the context is taken in pieces as
// long as that; the first token of each is not foretold.
func perplexity(ctx context.Context, g *generate.Generator, ids []int) (*perplexityResult, error) {
	r := new(perplexityResult)
	sum := 0.0
	// Pieces and not a window that moves by one token: that would take a prediction
	// of the whole context for each of them.
	for len(ids) > 1 {
		piece := ids[:min(len(ids), g.ContextLength())]
		if len(piece) < 2 {
			return nil, fmt.Errorf("a context of %d leaves nothing to foretell", g.ContextLength())
		}
		nll, err := pieceLoss(ctx, g, piece)
		if err != nil {
			return nil, err
		}
		sum += nll
		r.Tokens += len(piece) - 1
		ids = ids[len(piece):]
	}
	r.MeanNLL = sum / float64(r.Tokens)
	r.Perplexity = math.Exp(r.MeanNLL)
	return r, nil
}

// pieceLoss returns the sum of negative log-likelihoods of all tokens but the
// first.
func pieceLoss(ctx context.Context, g *generate.Generator, ids []int) (float64, error) {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return 0, err
	}
	defer seq.Close()
	sum := 0.0
	err = seq.AppendRows(ctx, ids[:len(ids)-1], func(pos int, logits []float32) error {
		next := ids[pos+1]
		if next < 0 || next >= len(logits) {
			return fmt.Errorf("token %d of the text is none of the model's %d", next, len(logits))
		}
		loss := logSumExp(logits) - float64(logits[next])
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return fmt.Errorf("position %d: %w", pos, generate.ErrNonFinite)
		}
		sum += loss
		return nil
	})
	return sum, err
}

// logSumExp is ln(sum of e^x), in float64 and with the largest taken out first:
// logits of 100 and more are usual, and e^100 is no float32.
func logSumExp(v []float32) float64 {
	most := float32(math.Inf(-1))
	for _, x := range v {
		most = max(most, x)
	}
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(float64(x - most))
	}
	return float64(most) + math.Log(sum)
}
