package main

import (
	"context"
	"errors"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
)

// The two models that verify compares.

// verifier holds the two sides of a comparison.
//
// Both models are loaded at once: the reference goes first and chooses the tokens,
// and the subject follows it in more than one way.
type verifier struct {
	subject, reference *coreml.Model
}

// load loads a package on both sides, the embedded one where path is empty.
func (v *verifier) load(ctx context.Context, path string, subject, reference *coreml.Config) (err error) {
	if v.subject, err = openSide(ctx, path, subject); err != nil {
		return err
	}
	v.reference, err = openSide(ctx, path, reference)
	return err
}

func openSide(ctx context.Context, path string, cfg *coreml.Config) (*coreml.Model, error) {
	if path == "" {
		return coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, cfg)
	}
	return coreml.Load(ctx, path, cfg)
}

func (v *verifier) close() error {
	var errs []error
	for _, m := range []*coreml.Model{v.subject, v.reference} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}
