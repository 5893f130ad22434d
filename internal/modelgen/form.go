package modelgen

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Cache says where the keys and values of earlier tokens are kept.
type Cache uint8

// The places of the cache.
const (
	StateCache Cache = iota // in states of the model, which systems have from iOS 18 on
	IOCache                 // in inputs and outputs
	NoCache                 // nowhere: each call gets the whole text
)

// Form says how a model is written as a program. The zero Form is that of the Core ML
// conversion of Mistral 7B which other packages followed.
type Form struct {
	// Float is the type of weights and results, fp16 or fp32; the zero type stands for
	// fp16. States and the mask stay fp16, as Core ML wants it of states.
	Float dtype.Type
	// Conv writes linear layers as convolutions of one place over [1, width, 1, tokens],
	// the form that the Neural Engine prefers.
	Conv  bool
	Cache Cache
	// NewOps asks for the operators of iOS 18 where the cache does not: compressed weights
	// may need them.
	NewOps bool
	// LastLogits gives the logits of the last token only.
	LastLogits bool
	// Batch is the number of texts that are computed together; 0 stands for 1.
	Batch int
}

func (f *Form) float() dtype.Type {
	if f.Float == dtype.Invalid {
		return dtype.Float16
	}
	return f.Float
}

func (f *Form) batch() int { return max(f.Batch, 1) }

// hasStates reports whether the model is for systems that have states, and with them
// attention as one operator.
func (f *Form) hasStates() bool { return f.Cache == StateCache }

// opset is the operator set: the first with states, or else one before it, unless what
// weights are compressed with needs the other.
func (f *Form) opset() string {
	if f.hasStates() || f.NewOps {
		return "CoreML8"
	}
	return "CoreML7"
}

// width and tokens are the axes of what runs through the layers.
func (f *Form) width() int {
	if f.Conv {
		return 1
	}
	return 2
}

func (f *Form) tokens() int {
	if f.Conv {
		return 3
	}
	return 1
}

// maxBatch bounds what a mistyped number costs.
const maxBatch = 1 << 10

func (f *Form) check(m *Model) error {
	if m.Encoder != nil && f.Cache != NoCache {
		return fmt.Errorf("%w: an encoder keeps no cache", ErrConfig)
	}
	return sizes(size{"batch", f.batch(), maxBatch})
}
