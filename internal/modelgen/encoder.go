package modelgen

import (
	"github.com/gocoreml/coreml/internal/mil"
)

// Encoder says that a model makes a vector for each token of whole texts, each of which
// sees all others, in place of logits. It has no cache and no head.
type Encoder struct {
	// Types is the number of token types, whose vectors are added to the embeddings: 0 is
	// none, and with 1 the program has no input for them.
	Types int
	// SkipsPadding says that learned positions count the tokens that are not Padding, from
	// row Padding+1 on, and that each Padding gets the row Padding. Else the row is the
	// place in the text.
	SkipsPadding bool
	Padding      int
	// EmbeddingNorm follows the sum of the embeddings; nil where there is none.
	EmbeddingNorm *Norm
	// NormedSums says that AfterAttention and AfterMLP are norms of the sums that run
	// through the layers, and not of the branches. There is no final norm then.
	NormedSums bool
}

// The names of an encoder's features. A mask is 1 for tokens and 0 for padding.
const (
	attentionMask = "attentionMask"
	tokenTypes    = "tokenTypeIds"
	hiddenStates  = "lastHiddenState"
)

// hidden is the added score of what is not seen: fp16 holds it, and no score of a model
// comes near.
const hidden = -30000

// encoderInputs declares what an encoder is given, and makes the mask.
func (g *graph) encoderInputs() {
	b := g.b
	g.ids = b.Input(inputIDs, i32, g.batch, unknown)
	seen := b.Input(attentionMask, i32, g.batch, unknown)
	if g.Encoder.Types > 1 {
		g.types = b.Input(tokenTypes, i32, g.batch, unknown)
	}
	g.end = g.dim("end", g.ids, 1)
	g.past, g.past1 = b.Int("", 0), b.Ints("", 0)
	g.end1 = g.expand("end_vector", g.end, mil.TensorType(i32, 1), 0)
	padding := b.Op("equal", "padding", mil.TensorType(boolean, g.batch, unknown), mil.Args{"x": seen, "y": b.Int("", 0)})
	padding = g.expand("padding_apart", padding, mil.TensorType(boolean, g.batch, 1, 1, unknown), 1, 2)
	rows := g.cast("padding_number", padding, g.f)
	g.mask = b.Op("mul", "padding_mask", rows.Type, mil.Args{"x": rows, "y": b.Float("", g.f, hidden)})
}

// summed is the sum of an encoder's embeddings, normed.
func (g *graph) summed(x *mil.Value) *mil.Value {
	e := g.Encoder
	if e.Types > 0 {
		w := Weight{Role: TokenTypes, Layer: NoLayer, Name: "types_weight", Rows: e.Types, Cols: g.Hidden}
		table := g.weight(w)
		rows := table // of one type: a row for all tokens
		if e.Types > 1 {
			rows = g.pick("types_rows", table, g.types, 0, g.batch, unknown, g.Hidden)
		}
		x = g.add("x_typed", x, rows)
	}
	if g.Model.Positions > 0 {
		table := g.weight(Weight{Role: Positions, Layer: NoLayer, Name: "positions_weight", Rows: g.Model.Positions, Cols: g.Hidden})
		x = g.add("x_positioned", x, g.positionRows(table))
	}
	if e.EmbeddingNorm == nil {
		return x
	}
	return g.normOver(e.EmbeddingNorm, Weight{Role: EmbeddingNorm, Layer: NoLayer}, "x_norm", x, g.f, 2)
}

// positionRows takes the rows of the tokens from the table of learned positions.
func (g *graph) positionRows(table *mil.Value) *mil.Value {
	b, e := g.b, g.Encoder
	if !e.SkipsPadding {
		return b.Op("slice_by_index", "positions_rows", mil.TensorType(g.f, unknown, g.Hidden), mil.Args{
			"x": table, "begin": b.Ints("", 0, 0), "end": g.join("positions_end", g.end1, b.Ints("", g.Hidden)), "end_mask": b.Bools("", false, true),
		})
	}
	tokens := mil.TensorType(i32, g.batch, unknown)
	counts := b.Op("not_equal", "positions_counts", mil.TensorType(boolean, tokens.Shape...), mil.Args{"x": g.ids, "y": b.Int("", e.Padding)})
	ones := g.cast("positions_ones", counts, i32)
	sums := b.Op("cumsum", "positions_sums", tokens, mil.Args{"x": ones, "axis": b.Int("", 1), "exclusive": b.Bool("", false), "reverse": b.Bool("", false)})
	counted := b.Op("mul", "positions_counted", tokens, mil.Args{"x": sums, "y": ones})
	places := b.Op("add", "positions_places", tokens, mil.Args{"x": counted, "y": b.Int("", e.Padding)})
	return g.pick("positions_rows", table, places, 0, g.batch, unknown, g.Hidden)
}

// encoderHead gives the vectors of the tokens.
func (g *graph) encoderHead(x *mil.Value) {
	if !g.Encoder.NormedSums {
		x = g.norm(&g.FinalNorm, Weight{Role: FinalNorm, Layer: NoLayer}, "norm", x, g.f)
	}
	g.b.Output(hiddenStates, x)
}

// near is the mask of an encoder's layers with a window: a token sees those fewer than
// window places away, on both sides.
func (g *graph) near(name string, window int, mask *mil.Value) *mil.Value {
	b := g.b
	line := func(name string, axes []int, shape ...int) *mil.Value {
		v := b.Op("range_1d", name, mil.TensorType(i32, unknown), mil.Args{"start": b.Int("", 0), "end": g.end, "step": b.Int("", 1)})
		return g.expand(name+"_line", v, mil.TensorType(i32, shape...), axes...)
	}
	queries := line(name+"_queries", []int{0, 1, 3}, 1, 1, unknown, 1)
	keys := line(name+"_keys", []int{0, 1, 2}, 1, 1, 1, unknown)
	square := mil.TensorType(i32, 1, 1, unknown, unknown)
	apart := b.Op("abs", name+"_distance", square, mil.Args{"x": b.Op("sub", name+"_apart", square, mil.Args{"x": queries, "y": keys})})
	far := b.Op("greater_equal", name+"_far", mil.TensorType(boolean, square.Shape...), mil.Args{"x": apart, "y": b.Int("", window)})
	number := g.cast(name+"_number", far, g.f)
	out := b.Op("mul", name+"_hidden", number.Type, mil.Args{"x": number, "y": b.Float("", g.f, hidden)})
	// Both together would leave the range of fp16.
	return b.Op("minimum", name+"_mask", mil.TensorType(g.f, g.batch, 1, unknown, unknown), mil.Args{"x": out, "y": mask})
}
