// Package adapter reads low-rank adapters of language models as their trainers store
// them: the folders of PEFT (adapter_config.json and adapter_model.safetensors) and
// those of mlx-lm (adapter_config.json and adapters.safetensors).
//
// An adapter has two small matrices for each module that it adapts: the module's result
// for x becomes W·x + s·B·(A·x), where A has a few rows (the rank), and s is a number
// that the configuration gives. Whole modules that were trained beside that
// (modules_to_save) replace the model's own.
//
// Only what is known to mean this is read. A method, a field or a tensor that would
// change the arithmetic in another way is an error that names it: an adapter that is
// applied wrongly still gives fluent text.
package adapter

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/quote"
)

// ErrFormat is wrapped by every error about an adapter that is broken, or of a kind
// that is not applied.
var ErrFormat = errors.New("adapter cannot be used")

// bad makes an error of the kind ErrFormat.
func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// name shows a name of a file's.
func name(s string) string { return quote.Name(s, maxShown) }

// maxShown bounds how much of a name a message shows.
const maxShown = 200
