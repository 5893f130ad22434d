package modelgen

import "fmt"

// Quantity is a number of a model, as messages call it.
type Quantity string

// The numbers that Check may refuse.
const (
	Depth           Quantity = "layers"
	Hidden          Quantity = "hidden"
	Vocabulary      Quantity = "vocabulary"
	Context         Quantity = "context"
	Heads           Quantity = "heads"
	KeyValueHeads   Quantity = "key-value heads"
	HeadDimension   Quantity = "head dimension"
	Width           Quantity = "feed-forward width"
	Window          Quantity = "window"
	ExpertsPerToken Quantity = "experts for each token"
	Epsilon         Quantity = "epsilon"
)

// Fault is an [ErrConfig] that says which number is at fault, for callers that know where
// the number came from.
type Fault struct {
	Quantity Quantity
	// Text says what is wrong, and names the number.
	Text string
}

// Error is the text behind that of ErrConfig.
func (f *Fault) Error() string { return ErrConfig.Error() + ": " + f.Text }

// Unwrap returns ErrConfig.
func (*Fault) Unwrap() error { return ErrConfig }

// wrong returns a Fault.
func wrong(q Quantity, format string, args ...any) error {
	return &Fault{Quantity: q, Text: fmt.Sprintf(format, args...)}
}
