package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

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

// perplexity compares each token of a text with what the model foretold from all before.
func perplexity(ctx context.Context, g *generate.Generator, ids []int) (*perplexityResult, error) {
	s, err := g.ScoreTokens(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	return &perplexityResult{Tokens: s.Count, MeanNLL: -s.LogProb / float64(s.Count), Perplexity: s.Perplexity}, nil
}
