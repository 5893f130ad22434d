package generate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// Family is the way in which a package is driven.
type Family string

// The families.
const (
	// FamilyStateful keeps its cache in states and takes token ids and a causal
	// mask, whose width less its height is the place where the cache is written:
	// the form of Apple's and Hugging Face's Llama and Mistral packages.
	FamilyStateful Family = "stateful"
	// FamilyIOCache is the same with a cache that goes in and comes out.
	FamilyIOCache Family = "io-cache"
	// FamilyNoCache takes the whole text at every step.
	FamilyNoCache Family = "no-cache"
)

// Driver says what a package's inputs and outputs mean. It is what a driver file
// holds as JSON, such as
//
//	{"tokens": "ids", "mask": "bias", "mask_fill": -10000, "constants": {"scale": 1}}
//
// and [Detect] fills in what the file leaves out. The file of Model.mlpackage
// lies beside it and is named Model.driver.json or driver.json.
type Driver struct {
	// Family is the way to drive the package.
	Family Family `json:"family,omitempty"`
	// Tokens is the input that takes token ids, [1, q].
	Tokens string `json:"tokens,omitempty"`
	// Mask is the input that takes the additive causal mask, [1, 1, q, past+q].
	Mask string `json:"mask,omitempty"`
	// MaskFill is what the mask holds where a token may not look; the default is
	// minus infinity.
	MaskFill *float64 `json:"mask_fill,omitempty"`
	// AttentionMask is the input that takes 1 for a token and 0 for padding,
	// [1, n].
	AttentionMask string `json:"attention_mask,omitempty"`
	// Logits is the output with a row of logits for each token, or for the last.
	Logits string `json:"logits,omitempty"`
	// Caches names, for each input that takes a cache, the output that gives it.
	Caches map[string]string `json:"caches,omitempty"`
	// Constants are numbers with which further inputs are filled.
	Constants map[string]float64 `json:"constants,omitempty"`
	// Context is the greatest number of tokens.
	Context int `json:"context,omitempty"`
	// MaxQuery is the greatest number of tokens in one prediction; 0 means that
	// the declared shapes alone decide.
	MaxQuery int `json:"max_query,omitempty"`
}

// String describes the driver for people.
func (d *Driver) String() string {
	s := fmt.Sprintf("%s: tokens in %s", d.Family, d.Tokens)
	if d.Mask != "" {
		s += ", causal mask in " + d.Mask
	}
	if d.AttentionMask != "" {
		s += ", attention mask in " + d.AttentionMask
	}
	s += ", logits from " + d.Logits
	if d.Context > 0 {
		s += fmt.Sprintf(", context %d", d.Context)
	}
	if d.MaxQuery == 1 {
		s += ", one token per prediction"
	}
	return s
}

// ReadDriver reads a driver file: a JSON object with the fields of [Driver]. A
// field that does not exist is an error.
func ReadDriver(r io.Reader) (*Driver, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfigBytes {
		return nil, fmt.Errorf("%w: driver file has more than %d bytes", ErrDriver, maxConfigBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	d := new(Driver)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("%w: driver file: %w", ErrDriver, err)
	}
	return d, nil
}

// readDriver reads the driver file of the package at pkg: NAME.driver.json or
// driver.json beside it. It returns nil, which overrides nothing, where there is
// neither.
func readDriver(fsys fs.FS, pkg string) (*Driver, error) {
	base := path.Base(pkg)
	base = strings.TrimSuffix(base, path.Ext(base))
	for _, name := range []string{base + ".driver.json", "driver.json"} {
		f, err := fsys.Open(path.Join(path.Dir(pkg), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d, err := ReadDriver(f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return d, nil
	}
	return nil, nil
}

// check reports whether the driver's names and numbers fit the description.
func (d *Driver) check(desc *coreml.Description) error {
	for _, name := range []string{d.Tokens, d.Mask, d.AttentionMask} {
		if name != "" && desc.Input(name) == nil {
			return fmt.Errorf("%w: no input %q", ErrDriver, name)
		}
	}
	for name := range d.Constants {
		if desc.Input(name) == nil {
			return fmt.Errorf("%w: no input %q", ErrDriver, name)
		}
	}
	if d.Logits != "" && desc.Output(d.Logits) == nil {
		return fmt.Errorf("%w: no output %q", ErrDriver, d.Logits)
	}
	for in, out := range d.Caches {
		if desc.Input(in) == nil || desc.Output(out) == nil {
			return fmt.Errorf("%w: no input %q or no output %q", ErrDriver, in, out)
		}
	}
	if d.Context < 0 || d.MaxQuery < 0 {
		return fmt.Errorf("%w: context %d, max_query %d", ErrDriver, d.Context, d.MaxQuery)
	}
	switch d.Family {
	case "", FamilyStateful, FamilyIOCache, FamilyNoCache:
		return nil
	}
	return fmt.Errorf("%w: no family %q", ErrDriver, d.Family)
}
