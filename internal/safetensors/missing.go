package safetensors

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// MissingError says that a file lacks a tensor. It is [fs.ErrNotExist]. It
// lists what there is, since names differ by a prefix more often than a tensor
// is really missing.
type MissingError struct {
	// Name is that of the tensor, Has those of the tensors that are there.
	Name string
	Has  []string
}

// listed is how many names a message has room for.
const listed = 10

// Error says what there is.
func (e *MissingError) Error() string {
	if len(e.Has) == 0 {
		return "the file has no tensor " + storage.Quote(e.Name) + ": it is empty"
	}
	var names []string
	for _, name := range e.Has[:min(len(e.Has), listed)] {
		names = append(names, storage.Quote(name[:min(len(name), 100)]))
	}
	if len(e.Has) > listed {
		names = append(names, fmt.Sprintf("%d more", len(e.Has)-listed))
	}
	return "the file has no tensor " + storage.Quote(e.Name) + "; it has " + strings.Join(names, ", ")
}

// Is reports whether target is fs.ErrNotExist.
func (*MissingError) Is(target error) bool { return target == fs.ErrNotExist }
