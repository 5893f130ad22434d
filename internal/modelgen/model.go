package modelgen

import (
	"errors"
	"math"
)

// ErrConfig means that no model can be made as asked.
var ErrConfig = errors.New("model cannot be made")

// Model says what a decoder computes: the embedding of tokens, layers, a norm and the
// head. What all layers share stands here, the rest in each layer. Factors of 0 stand
// for 1, limits of 0 for none.
type Model struct {
	Hidden, Vocab int
	// Context is the most tokens of a text: what the caches have room for.
	Context int
	Layers  []Layer

	// EmbeddingScale multiplies the embeddings.
	EmbeddingScale float64
	// Positions is the number of rows of a table of learned positions, which is added to
	// the embeddings; 0 where there is none.
	Positions int
	FinalNorm Norm
	// Tied says that the head reads the embedding's weights; HeadBias, that it has a bias.
	Tied, HeadBias bool
	// LogitScale multiplies the logits. LogitCap then bounds them smoothly, to
	// LogitCap * tanh(logit / LogitCap).
	LogitScale, LogitCap float64
	// Encoder is nil for decoders. It wants a Form with NoCache.
	Encoder *Encoder
	// WideResidual keeps the sum that runs through the layers in fp32: for models whose
	// sums leave the range of fp16.
	WideResidual bool
}

// Layer is attention and a feed-forward network, each on a branch that is added to what
// runs through the layers.
type Layer struct {
	Attention Attention
	MLP       MLP
	// The norms before and after the branches; nil where there is none.
	BeforeAttention, AfterAttention, BeforeMLP, AfterMLP *Norm
	// Parallel says that the feed-forward network does not see what attention added.
	// Without BeforeMLP it then reads what attention reads.
	Parallel bool
	// ResidualScale multiplies what each branch adds.
	ResidualScale float64
}

// NormKind is what a norm computes.
type NormKind uint8

// The kinds of norms.
const (
	RMS       NormKind = iota // x / sqrt(mean(x²) + epsilon) * gain
	LayerNorm                 // (x - mean) / sqrt(variance + epsilon) * gain + bias
)

// Norm is a norm over the width of what it is given. It is computed in fp32.
type Norm struct {
	Kind    NormKind
	Epsilon float64
	// Bias is for a LayerNorm that has one.
	Bias bool
	// Plain norms have neither gain nor bias.
	Plain bool
	// WideGain multiplies by the gain before the result is rounded to fp16, for gains
	// that fp16 would round, such as 1 + w.
	WideGain bool
}

// Span is what a norm of queries or keys runs over.
type Span uint8

// The spans of norms of queries and keys.
const (
	EachHead Span = iota // over a head; all heads share one gain
	AllHeads             // over all heads at once, before they are parted
	OwnGains             // over a head; each has a gain of its own
)

// HeadNorm is a norm of queries and keys before they are rotated.
type HeadNorm struct {
	Norm
	Span Span
}

// Attention is the attention of a layer.
type Attention struct {
	Heads, KVHeads int
	// HeadDim is mostly Hidden/Heads, but need not be.
	HeadDim int
	// QueryBias, KeyBias, ValueBias and OutBias say which projections have a bias.
	QueryBias, KeyBias, ValueBias, OutBias bool
	// Norms of queries and keys; nil where there are none.
	HeadNorm *HeadNorm
	// Rotary turns queries and keys; nil where their positions are not heeded. Layers
	// that share a Rotary share its tables.
	Rotary *Rotary
	// Scale multiplies the scores; 0 stands for 1/sqrt(HeadDim).
	Scale float64
	// ScoreCap bounds the scores smoothly, before the mask.
	ScoreCap float64
	// Window is how many positions a token sees, its own included; 0 means all before it.
	Window int
}

// scale returns the factor of the scores.
func (a *Attention) scale() float64 {
	if a.Scale != 0 {
		return a.Scale
	}
	return 1 / math.Sqrt(float64(a.HeadDim))
}

// RotaryForm says where the cosines and sines of the positions come from.
type RotaryForm uint8

// The forms that converters give rotary positions.
const (
	// Angles are computed in the program, in fp32.
	Angles RotaryForm = iota
	// Tables are constants of which the program takes rows. Cosines and sines take
	// Context·Dims elements each. They are computed in float64 and rounded once.
	Tables
)

// Rotary turns pairs of a head's elements by angles that grow with the position.
type Rotary struct {
	Form RotaryForm
	// Frequencies are the angles by which a position turns each pair. A pair is elements
	// i and i+n of the first 2n elements of a head, where n is their number; the rest of
	// the head stays as it is.
	Frequencies []float64
	// Scale multiplies cosines and sines.
	Scale float64
	// Neighbours says that a pair is elements 2i and 2i+1 in place of i and i+n.
	Neighbours bool
	// Long replaces Frequencies for all positions of a text of more than LongAfter tokens;
	// nil where that does not happen.
	Long      []float64
	LongAfter int
}

// Dims is the number of elements of a head that are turned.
func (r *Rotary) Dims() int { return 2 * len(r.Frequencies) }

// Powers returns the frequencies of the paper of RoFormer: base^(-2i/dims) for pair i of
// dims/2.
func Powers(base float64, dims int) []float64 {
	f := make([]float64, dims/2)
	for i := range f {
		f[i] = math.Pow(base, -2*float64(i)/float64(dims))
	}
	return f
}

// Activation is the nonlinear function of a feed-forward network.
type Activation uint8

// The activations.
const (
	Silu      Activation = iota // x * sigmoid(x)
	GeluExact                   // x * Phi(x), by the error function
	GeluTanh                    // the approximation by tanh
	Relu
	ReluSquared
)

// MLP is a feed-forward network: Down(act(Gate(x)) * Up(x)), or Down(act(Up(x))).
type MLP struct {
	Width      int
	Gated      bool
	Activation Activation
	// UpBias is also that of Gate.
	UpBias, DownBias bool
	// Experts says that there are several such networks, of which each token goes through
	// some. They are gated and have no biases. Nil is one for all tokens.
	Experts *Experts
}
