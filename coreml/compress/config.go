package compress

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
	"github.com/gocoreml/coreml/internal/storage"
)

// What can be wrong with a request, for errors.Is.
var (
	// ErrConfig means that a configuration contradicts itself or says what is not known.
	ErrConfig = errors.New("wrong configuration")
	// ErrConflict means that the operations that share a weight are configured
	// differently.
	ErrConflict = errors.New("operations that share a weight have different configurations")
	// ErrOperatorSet means that the package is for systems that do not know the form.
	ErrOperatorSet = declare.ErrOperatorSet
	// ErrModel means that a package is none whose weights can be compressed.
	ErrModel = errors.New("not an ML Program package")
	// ErrDiskFull means that the disk has no room for the result.
	ErrDiskFull = storage.ErrDiskFull
)

// FormHelp describes the texts of Op.Form, a line for each kind of part.
func FormHelp() string { return quantize.FormHelp }

// Config says how a package is compressed. Nil is a Config without steps, which
// copies.
type Config struct {
	// Steps are done in this order. From the second on, and on weights that were
	// compressed before, compression is joint: zeros that were pruned stay so, codes
	// get palettes, palettes get codes.
	Steps []Step
	// Threads bounds the threads that are used. 0 is all of the machine.
	Threads int
	// Progress is called after each weight, on the caller's goroutine. Nil: not.
	Progress func(Progress)
}

// Progress is how far a compression has come, in elements of weights.
type Progress struct {
	// Done of Total elements have been looked at.
	Done, Total int64
	// Weight is the name of the one that was looked at last.
	Weight string
}

// Step chooses what happens to weights. Of the settings for a weight, that of its own
// name or of the operation's that uses it comes first, then that of the operation's
// type, then Global. A nil setting leaves a weight as it is.
type Step struct {
	// Global is for all weights that nothing else is said of.
	Global *Op
	// OpTypes are by types of operations, such as linear, conv or gather.
	OpTypes map[string]*Op
	// OpNames are by names of weights or operations.
	OpNames map[string]*Op
	// Decompress stores all compressed weights as numbers again; nothing else of the
	// step is heeded.
	Decompress bool
}

// Op is a form with the size of weights that it is for.
type Op struct {
	// Form is a text such as "int4:block=32", "lut4:group=16" or "prune:0.5"; see
	// [FormHelp].
	Form string
	// WeightThreshold is a number of elements; a weight that has no more is left as it is.
	// Nil is 2048.
	WeightThreshold *int
}

// defaultThreshold is coremltools' own.
const defaultThreshold = 2048

// setting is an Op that has been read.
type setting struct {
	form      quantize.Form
	threshold int
}

// step is a Step that has been read. Nil settings stand in the maps.
type step struct {
	global     *setting
	types      map[string]*setting
	names      map[string]*setting
	decompress bool
}

// read reads the texts of all steps.
func (c *Config) read() ([]step, error) {
	var steps []step
	for i, s := range c.Steps {
		out := step{decompress: s.Decompress}
		var err error
		if out.global, err = s.Global.read(); err != nil {
			return nil, fmt.Errorf("%w: step %d: %w", ErrConfig, i+1, err)
		}
		if out.types, err = readAll(s.OpTypes); err == nil {
			out.names, err = readAll(s.OpNames)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: step %d: %w", ErrConfig, i+1, err)
		}
		for name, op := range out.types {
			if op != nil && structural(op.form.Prune) && name != "linear" && name != "conv" {
				return nil, fmt.Errorf("%w: step %d: pruning of neighbours is for linear and conv, not for %q", ErrConfig, i+1, name)
			}
			if name == "const" {
				return nil, fmt.Errorf("%w: step %d: const is no type of operation; the global setting is for all weights", ErrConfig, i+1)
			}
		}
		steps = append(steps, out)
	}
	return steps, nil
}

func readAll(ops map[string]*Op) (map[string]*setting, error) {
	out := map[string]*setting{}
	for name, op := range ops {
		s, err := op.read()
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		out[name] = s
	}
	return out, nil
}

func (o *Op) read() (*setting, error) {
	if o == nil {
		return nil, nil
	}
	f, err := quantize.ParseForm(o.Form)
	if err != nil {
		return nil, err
	}
	s := &setting{form: f, threshold: defaultThreshold}
	if o.WeightThreshold != nil {
		if s.threshold = *o.WeightThreshold; s.threshold < 0 {
			return nil, fmt.Errorf("weight threshold %d is negative", s.threshold)
		}
	}
	return s, nil
}

// structural reports whether zeros are chosen among neighbours.
func structural(p quantize.Prune) bool { return p.Mode == quantize.ByRatio || p.Block > 0 }
