package generate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// identity says what a cache belongs to: numbers of another model, read in another way,
// would be noise that nobody notices.
type identity struct {
	Model     string `json:"model"`
	Tokenizer string `json:"tokenizer"`
	Driver    string `json:"driver"`
}

// identified keeps the identity of a function, once it is known.
type identified struct {
	mu    sync.Mutex
	known *identity
}

// fingerprinted is a model that knows its files.
type fingerprinted interface {
	Fingerprint(ctx context.Context) (string, error)
}

// identity returns that of a function, reading the model's files the first time.
func (g *Generator) identity(ctx context.Context, b *boundModel) (identity, error) {
	b.identified.mu.Lock()
	known := b.identified.known
	b.identified.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	id := identity{}
	h := sha256.New()
	for _, m := range b.models() {
		f, ok := m.(fingerprinted)
		if !ok {
			fmt.Fprintln(h, "unknown")
			continue
		}
		print, err := f.Fingerprint(ctx)
		if err != nil {
			return id, err
		}
		fmt.Fprintln(h, print)
	}
	id.Model = hex.EncodeToString(h.Sum(nil))
	if g.tok != nil {
		id.Tokenizer = g.tok.Fingerprint()
	}
	driver, err := json.Marshal(b.d)
	if err != nil {
		return id, err
	}
	sum := sha256.Sum256(driver)
	id.Driver = hex.EncodeToString(sum[:])
	b.identified.mu.Lock()
	b.identified.known = &id
	b.identified.mu.Unlock()
	return id, nil
}

// models returns what makes predictions, each once, in the order of the stages.
func (b *boundModel) models() []predictor {
	var list []predictor
	for _, c := range b.chains() {
		for _, fn := range c.fns {
			if !slices.Contains(list, fn.model) {
				list = append(list, fn.model)
			}
		}
	}
	return list
}

// fits refuses what belongs to something else.
func (id *identity) fits(want *identity) error {
	for _, part := range []struct{ name, got, want string }{
		{"model", id.Model, want.Model}, {"tokenizer", id.Tokenizer, want.Tokenizer}, {"driver", id.Driver, want.Driver},
	} {
		if part.got != part.want {
			return &SavedError{Part: part.name, Reason: "it was saved with another " + part.name, kind: ErrSavedMismatch}
		}
	}
	return nil
}
