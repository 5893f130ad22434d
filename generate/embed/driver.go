package embed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/gocoreml/coreml/internal/driverfile"
	"github.com/gocoreml/coreml/internal/storage"
)

// Driver says how an encoder package is driven: its inputs and its output by their
// names, and what each means. [Detect] fills it; what is set in [Config.Driver], or
// in a driver file, holds in any case.
//
// A driver file is a JSON object with the fields below in lower case, such as
// {"tokens": "ids", "output": "var_512", "gives": "rows", "pooling": "mean"}. It is
// called NAME.driver.json or driver.json and lies beside the package NAME.mlpackage. It may
// say what it is: "version" 1 and "kind" "embeddings".
type Driver struct {
	// Tokens is the input that takes token ids [batch, length], or [length].
	Tokens string `json:"tokens,omitempty"`
	// AttentionMask is the input that takes ones for tokens and zeros for padding.
	// Empty for a package without one.
	AttentionMask string `json:"attention_mask,omitempty"`
	// TokenTypes is the input that takes the numbers of the texts of a pair.
	TokenTypes string `json:"token_types,omitempty"`
	// Positions is the input that takes the places of tokens, [batch, length] or
	// [length].
	Positions string `json:"positions,omitempty"`
	// Constants are numbers for further inputs of a fixed shape, by name.
	Constants map[string]float64 `json:"constants,omitempty"`
	// Padding is the side on which short texts are filled up, "left" or "right".
	// Empty means as the tokenizer says, else right.
	Padding string `json:"padding,omitempty"`
	// Output is the output with the result, and Gives says what that is.
	Output string `json:"output,omitempty"`
	Gives  Gives  `json:"gives,omitempty"`
	// Pooling is [Config.Pooling] where that is empty. Detect leaves it alone.
	Pooling Pooling `json:"pooling,omitempty"`
}

// Gives says what a package's output is.
type Gives string

// The kinds of outputs.
const (
	// GivesRows is a vector for each token: [batch, length, dimensions], or
	// [batch, dimensions, 1, length].
	GivesRows Gives = "rows"
	// GivesVector is a vector for each text: [batch, dimensions].
	GivesVector Gives = "vector"
	// GivesScores is a logit for each class: [batch, classes].
	GivesScores Gives = "scores"
)

// String says what a package gives, for people, such as
//
//	a vector for each token (output last_hidden_state) of input_ids, attention_mask
func (d *Driver) String() string {
	what := map[Gives]string{GivesRows: "a vector for each token", GivesVector: "a vector for each text", GivesScores: "scores"}[d.Gives]
	var inputs []string
	for _, name := range []string{d.Tokens, d.AttentionMask, d.TokenTypes, d.Positions} {
		if name != "" {
			inputs = append(inputs, clip(name))
		}
	}
	return fmt.Sprintf("%s (output %s) of %s", what, clip(d.Output), strings.Join(inputs, ", "))
}

// ReadDriver reads a driver file. A field that does not exist or that holds
// something else is a [*PackageError].
func ReadDriver(r io.Reader) (*Driver, error) {
	if r == nil {
		return nil, prefixed("driver", errors.New("the reader is nil"))
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = driverErrorf("file", "has more than %d bytes", maxFileBytes)
	}
	if err != nil {
		return nil, err
	}
	return parseDriver(data)
}

// parseDriver reads the contents of a driver file.
func parseDriver(data []byte) (*Driver, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var out *struct {
		Version int    `json:"version"`
		Kind    string `json:"kind"`
		Driver
	}
	err := d.Decode(&out)
	if err == nil && d.More() {
		err = errors.New("something follows the object")
	}
	if err == nil && out == nil {
		err = errors.New("is null, want an object")
	}
	if err != nil {
		if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			err = fmt.Errorf("there is no field %s for packages of embeddings", clip(field))
		}
		return nil, &PackageError{Field: "file", Reason: storage.JSONError(err).Error(), Err: err}
	}
	if err := driverfile.CheckVersion(out.Version); err != nil {
		return nil, driverErrorf("version", "%v", err)
	}
	if err := driverfile.CheckKind(clip(out.Kind), driverfile.Embeddings); err != nil {
		return nil, driverErrorf("kind", "%v", err)
	}
	if err := out.check(); err != nil {
		return nil, err
	}
	return &out.Driver, nil
}

// check refuses values that no driver can have.
func (d *Driver) check() error {
	switch {
	case d.Padding != "" && d.Padding != "left" && d.Padding != "right":
		return driverErrorf("padding", "is %q, want left or right", clip(d.Padding))
	case d.Gives != "" && d.Gives != GivesRows && d.Gives != GivesVector && d.Gives != GivesScores:
		return driverErrorf("gives", "is %q, want rows, vector or scores", clip(string(d.Gives)))
	}
	if err := d.Pooling.check("pooling"); err != nil {
		return &PackageError{Field: "pooling", Reason: strings.TrimPrefix(err.Error(), "pooling: "), Err: err}
	}
	return nil
}

// readDriver reads the driver file beside a package, nil where there is none.
func readDriver(fsys fs.FS, pkg string) (*Driver, error) {
	name, data, err := driverfile.Find(fsys, pkg)
	if err != nil {
		return nil, fileError(name, err)
	}
	if data == nil {
		return nil, nil
	}
	d, err := parseDriver(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
	}
	return d, nil
}
