package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
)

// What the comparisons of check have in common: the settings that models are loaded
// with, and the lines and counts of what passed.

// errOutput means that a result could not be written, so that there is no use in
// going on.
var errOutput = errors.New("write result")

// checker counts what it has compared.
//
// One is used for all folders of a call.
type checker struct {
	cfg            coreml.Config
	out            io.Writer
	passed, failed int
	// results are kept for --json, which prints them in place of lines; nil without it.
	results []comparisonJSON
}

// keep keeps a result where results are kept, and reports whether they are.
func (k *checker) keep(result comparisonJSON) bool {
	if k.results == nil {
		return false
	}
	k.results = append(k.results, result)
	return true
}

// report writes the line of one comparison. A nil err means that it passed.
func (k *checker) report(dir, what, figures string, err error) error {
	verdict := "ok  "
	result := comparisonJSON{Folder: dir, What: what, Passed: err == nil, Detail: figures}
	// A failure is taken back from what has passed: each line counts once.
	k.passed++
	if err != nil {
		verdict = "FAIL"
		k.passed--
		k.failed++
		figures = explain(err)
		result.Detail, result.Error = "", figures
	}
	if k.keep(result) {
		return nil
	}
	_, werr := fmt.Fprintf(k.out, "%s  %s  %s: %s\n", verdict, plain(filepath.Base(filepath.Clean(dir))), plain(what), figures)
	if werr != nil {
		return fmt.Errorf("%w: %w", errOutput, werr)
	}
	return nil
}

// load loads a function. A package that lists none takes the name main too.
func (k *checker) load(ctx context.Context, path, function string) (*coreml.Model, error) {
	cfg := k.cfg
	cfg.Function = function
	return coreml.Load(ctx, path, &cfg)
}
