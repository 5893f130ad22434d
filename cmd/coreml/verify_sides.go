package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// The two models that verify compares.

// verifier holds the two sides of a comparison: the subject and the reference, in
// this order. Both are open at once: the reference goes first and chooses the tokens,
// and the subject follows it in more than one way.
type verifier struct {
	at      place // its path is empty for the embedded model
	configs [2]*coreml.Config
	// texts are the sides where they write text, subject and reference where made-up
	// values go through them.
	texts              [2]*generate.Generator
	subject, reference *coreml.Model
}

// load loads a package on both sides, the embedded one where there is no path.
func (v *verifier) load(ctx context.Context) (err error) {
	if v.subject, err = openSide(ctx, v.at.path, v.configs[0]); err != nil {
		return err
	}
	v.reference, err = openSide(ctx, v.at.path, v.configs[1])
	return err
}

func openSide(ctx context.Context, path string, cfg *coreml.Config) (*coreml.Model, error) {
	if path == "" {
		return coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, cfg)
	}
	return coreml.Load(ctx, path, cfg)
}

// open opens both sides as generate does, but for the tokenizer. The driver of the
// reference is given to the subject and not detected anew, so that both are fed in one
// way even where they describe themselves differently.
func (v *verifier) open(ctx context.Context, driver *generate.Driver) error {
	for _, i := range []int{1, 0} {
		g, err := v.openText(ctx, v.configs[i], driver)
		if err != nil {
			return err
		}
		v.texts[i], driver = g, new(g.Driver())
	}
	return nil
}

func (v *verifier) openText(ctx context.Context, model *coreml.Config, driver *generate.Driver) (*generate.Generator, error) {
	cfg := &generate.Config{Model: model, Driver: driver, PrefillChunk: -1, MaxStates: 1}
	if model.Arithmetic == coreml.ArithmeticDefault {
		// What is compared is the package, in the arithmetic that says most of it.
		cfg.Model = new(*model)
		cfg.Model.Arithmetic = coreml.ArithmeticFaithful
	}
	if v.at.path == "" {
		cfg.NoTokenizer = true
		return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, cfg)
	}
	return openSequences(ctx, v.at, cfg)
}

func (v *verifier) close() error {
	var errs []error
	for _, g := range v.texts {
		if g != nil {
			errs = append(errs, g.Close())
		}
	}
	for _, m := range []*coreml.Model{v.subject, v.reference} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
