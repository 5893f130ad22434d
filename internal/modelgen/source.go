package modelgen

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// Role is what a weight does in the model.
type Role uint8

// The roles. Matrices are rows by columns: outputs by inputs. New roles go to the end.
const (
	Embedding       Role = iota // [vocabulary, hidden]; also the head's when Model.Tied
	Head                        // [vocabulary, hidden]
	FinalNorm                   // [hidden]
	AttentionNorm               // [hidden], before attention
	Query                       // [heads * head dimension, hidden]
	Key                         // [key-value heads * head dimension, hidden]
	Value                       // the same
	AttentionOut                // [hidden, heads * head dimension]
	FeedForwardNorm             // [hidden], before the feed-forward network
	Gate                        // [feed-forward width, hidden]; its product passes through the activation
	Up                          // [feed-forward width, hidden]
	Down                        // [hidden, feed-forward width]

	Positions        // [positions, hidden], learned
	AfterAttention   // [hidden], the norm after attention
	AfterFeedForward // [hidden], the norm after the feed-forward network
	QueryNorm        // [head dimension], or [heads * head dimension]
	KeyNorm          // [head dimension], or [key-value heads * head dimension]

	Router     // [experts, hidden]
	ExpertGate // [experts * feed-forward width, hidden]: one expert behind the other
	ExpertUp   // the same
	ExpertDown // [experts * hidden, feed-forward width]
	SharedGate // of the expert for all tokens: [its width, hidden]
	SharedUp   // the same
	SharedDown // [hidden, its width]
	SharedOpen // [1, hidden]

	TokenTypes    // [token types, hidden], of an encoder
	EmbeddingNorm // [hidden], of an encoder's embeddings
)

// NoLayer is the layer of a weight that belongs to none.
const NoLayer = -1

// Weight is a weight that the graph asks for.
type Weight struct {
	Role  Role
	Layer int // from 0, or NoLayer
	// Bias says that it is the bias of the linear layer or norm that Role names, not its
	// matrix or gain.
	Bias bool
	// Name is that of the value in the program; what is stored for it begins with it.
	Name string
	// Rows and Cols are the size of a matrix. Of a vector Rows is the length and
	// Cols 0.
	Rows, Cols int
	// Type is the element type that the program sees.
	Type dtype.Type
	// Conv says that a matrix is that of a convolution of one place, [rows, cols, 1, 1].
	Conv bool
}

// Shape returns the shape that the program sees.
func (w Weight) Shape() []int {
	switch {
	case w.Cols == 0:
		return []int{w.Rows}
	case w.Conv:
		return []int{w.Rows, w.Cols, 1, 1}
	}
	return []int{w.Rows, w.Cols}
}

// Source gives the weights of a model. The graph asks for each of them once, in
// the order in which it needs them; for that of a tied head, in the form of a
// convolution, once more. It is used by one goroutine.
type Source interface {
	// Check says whether the source can give the weights of such a model, before
	// anything is written.
	Check(m *Model) error
	// Weight puts a weight into the package, in any form, and returns it as the
	// program sees it: with the weight's type and shape.
	Weight(s *Store, w Weight) (*mil.Value, error)
}

// Store takes the weights of the package that is being made. Its Builder declares
// how stored elements become the values that the program sees.
type Store struct {
	*mil.Builder

	w *modelpkg.Writer // nil where nothing is written
}

// Put writes packed elements to the weight file and declares them. With an
// error it returns a value that may be passed on, but is of no use. data may be
// used again when it returns.
func (s *Store) Put(name string, t dtype.Type, shape []int, data []byte) (*mil.Value, error) {
	n, ok := dtype.Count(shape)
	if !ok { // of a source's own shape, which nobody has checked
		return s.Stored(name, t, []int{0}, modelpkg.WeightFileName, 0), fmt.Errorf("%w: %s of shape %v overflows", ErrConfig, name, shape)
	}
	if s.w == nil {
		return s.Again(name, t, shape, 0), nil
	}
	offset, err := s.w.AddBlob(t, n, data)
	if err != nil {
		err = fmt.Errorf("store %s: %w", name, err)
	}
	return s.Stored(name, t, shape, modelpkg.WeightFileName, offset), err
}

// Again declares what lies at that offset of the weight file already: what another
// function, or the same one in another shape, has put there.
func (s *Store) Again(name string, t dtype.Type, shape []int, offset uint64) *mil.Value {
	return s.Stored(name, t, shape, modelpkg.WeightFileName, offset)
}

// Writer returns the writer of the package, for sources that write piece by piece.
func (s *Store) Writer() *modelpkg.Writer { return s.w }

// Stub is a value of that type that stands for nothing, for those who need one in a
// program that is thrown away.
func (*Store) Stub(t dtype.Type, shape []int) *mil.Value {
	return mil.NewBuilder("main", "CoreML8").Stored("stub", t, shape, modelpkg.WeightFileName, 0)
}
