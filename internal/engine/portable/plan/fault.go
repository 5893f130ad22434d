package plan

import (
	"github.com/gocoreml/coreml/internal/storage"
)

// Faulted returns the error of what was thrown because a mapped file went away
// under a reader, nil for whatever else was thrown. An access to memory that
// belongs to nothing is thrown again: no error may hide it.
func Faulted(thrown any) error {
	fault, wild := storage.FaultOf(thrown)
	if wild {
		panic(thrown)
	}
	if fault == nil {
		return nil
	}
	return fault
}
