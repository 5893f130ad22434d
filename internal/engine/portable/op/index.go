package op

import (
	"errors"
	"fmt"
)

// What an index outside 0..n-1 means depends on the opset, on who asks and on
// validate_indices. Up to iOS16 negative ones count from the end. From iOS17 on the
// documentation leaves them open for operators that read, and says that those that
// write leave them out. This file is the engine's answer for all of them.

// indexRule says what an index outside 0..n-1 means.
type indexRule struct {
	// wrapped lets negative indices count from the end.
	wrapped bool
	// dropped says that elsewhere there is no place: what is written there is lost.
	// Otherwise an index outside is an error.
	dropped bool
}

// errDropped says that an index names no place, which is no mistake.
var errDropped = errors.New("index names no place")

// writeRule is indexRule for operators that write: from iOS17 on an index outside
// changes nothing where validation is not asked for.
func (c *Call) writeRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.BoolIn(k, false)
	return indexRule{dropped: !validate}, err
}

// indexRule reads validate_indices, operand k, of an operator that reads. Up to
// iOS16 negative indices are valid. From iOS17 on they are outside the range, and
// converters that want wrapping add a select; only one that a program has as a
// constant, and does not ask to be validated, is taken from the end all the same.
// Every other index outside is an error: Core ML leaves open what it gives, and a
// token beyond the vocabulary is better refused than answered.
func (c *Call) indexRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.BoolIn(k, false)
	stored := c.Env.Constant[c.Step.In[1]]
	return indexRule{wrapped: stored && !validate}, err
}

// at returns the place that index i of a dimension of n elements names.
func (r indexRule) at(i int32, n int) (int, error) {
	k := int(i)
	if k < 0 && r.wrapped {
		k += n
	}
	if k >= 0 && k < n {
		return k, nil
	}
	if r.dropped {
		return 0, errDropped
	}
	return 0, fmt.Errorf("index %d is outside a dimension of %d", i, n)
}
