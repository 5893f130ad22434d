package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/workpool"
)

// Two queries over three keys; the scores before the scale of 1/√2 are 1, 0, 1 and 0, 2, 2.
var (
	queries = f32(dims{1, 2, 2}, 1, 0, 0, 2)
	keys    = f32(dims{1, 3, 2}, 1, 0, 0, 1, 1, 1)
	values  = f32(dims{1, 3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 10)
)

const sdpa = "scaled_dot_product_attention"

// asHalf is v as it lies in a cache of binary16.
func asHalf(v *array.Value) *array.Value { return f16(v.ShapeCopy(), v.F32...) }

// The wanted results are those of PyTorch 2.7 in float64.
func TestAttention(t *testing.T) {
	testExamples(t, []example{
		{
			name: "scores are divided by the root of the head's size", op: sdpa,
			in:   operands{"query": queries, "key": keys, "value": values},
			want: f32(dims{1, 2, 3}, 4, 5, 6.40111209, 5.01227447, 6.01227447, 7.45808274),
		},
		{
			name: "a boolean mask says what is seen", op: sdpa,
			in: operands{
				"query": queries, "key": keys, "value": values, "attn_mask": bools(dims{1, 2, 3}, 1, 0, 1, 0, 1, 0),
			},
			want: f32(dims{1, 2, 3}, 4, 5, 6.5, 4, 5, 6),
		},
		{
			name: "a mask of numbers is added to the scores, for all queries where it has one row", op: sdpa,
			in:   operands{"query": queries, "key": keys, "value": values, "attn_mask": f32(dims{1, 3}, 0, -1, -inf)},
			want: f32(dims{1, 2, 3}, 1.46061807, 2.46061807, 3.46061807, 2.80629334, 3.80629334, 4.80629334),
		},
		{
			name: "a query that sees no key is NaN", op: sdpa,
			in:   operands{"query": queries, "key": keys, "value": values, "attn_mask": bools(dims{2, 3}, 0, 0, 0, 0, 1, 0)},
			want: f32(dims{1, 2, 3}, nan, nan, nan, 4, 5, 6),
		},
		{
			name: "a value that no query sees does no harm", op: sdpa,
			in: operands{
				"query": queries, "key": keys, "value": f32(dims{1, 3, 3}, 1, 2, 3, 4, 5, 6, nan, inf, nan),
				"attn_mask": bools(dims{2, 3}, 1, 0, 0, 0, 1, 0),
			},
			want: f32(dims{1, 2, 3}, 1, 2, 3, 4, 5, 6),
		},
		{
			name: "without keys every query is NaN", op: sdpa,
			in:   operands{"query": queries, "key": f32(dims{1, 0, 2}), "value": f32(dims{1, 0, 1})},
			want: f32(dims{1, 2, 1}, nan, nan),
		},
		{
			name: "without queries there is nothing", op: sdpa,
			in: operands{"query": f32(dims{1, 0, 2}), "key": keys, "value": values}, want: f32(dims{1, 0, 3}),
		},
		{
			name: "keys and values of binary16 are read as they lie", op: sdpa,
			in:   operands{"query": queries, "key": asHalf(keys), "value": asHalf(values)},
			want: f32(dims{1, 2, 3}, 4, 5, 6.40111209, 5.01227447, 6.01227447, 7.45808274),
		},
		{
			// Every query sees all keys alike, so the results are means of the values.
			name: "keys and values of one batch serve all queries", op: sdpa,
			in:   operands{"query": f32(dims{2, 1, 1}, 0, 0), "key": f32(dims{1, 2, 1}, 1, 2), "value": f32(dims{1, 2, 1}, 10, 20)},
			want: f32(dims{2, 1, 1}, 15, 15),
		},
		{
			name: "queries of one batch meet the keys of all", op: sdpa,
			in:   operands{"query": f32(dims{1, 1, 1}, 0), "key": f32(dims{2, 2, 1}, 1, 2, 3, 4), "value": f32(dims{2, 2, 1}, 10, 20, 1, 3)},
			want: f32(dims{2, 1, 1}, 15, 2),
		},
		{
			// The score that is far greatest takes all.
			name: "queries of one head meet the keys of all", op: sdpa,
			in:   operands{"query": f32(dims{1, 1, 2, 1}, 100, -100), "key": f32(dims{1, 2, 2, 1}, 1, 2, 4, 3), "value": f32(dims{1, 2, 2, 1}, 10, 20, 1, 3)},
			want: f32(dims{1, 2, 2, 1}, 20, 10, 1, 3),
		},
		{
			name: "a mask of lower rank is for every batch and head", op: sdpa,
			in: operands{
				"query": f32(dims{1, 2, 1, 1}, 0, 0), "key": f32(dims{1, 2, 2, 1}, 1, 2, 3, 4), "value": f32(dims{1, 2, 2, 1}, 10, 20, 1, 3),
				"attn_mask": bools(dims{1, 2}, 0, 1),
			},
			want: f32(dims{1, 2, 1, 1}, 20, 3),
		},
		{
			name: "a mask of batches and heads is read where it belongs", op: sdpa,
			in: operands{
				"query": f32(dims{2, 2, 1, 1}, 0, 0, 0, 0), "key": f32(dims{1, 1, 2, 1}, 1, 2), "value": f32(dims{1, 1, 2, 1}, 10, 20),
				"attn_mask": bools(dims{2, 2, 1, 2}, 1, 0, 0, 1, 1, 1, 0, 1),
			},
			want: f32(dims{2, 2, 1, 1}, 10, 20, 15, 20),
		},
	})
}

// A mask is looked at with the shapes: when it is added, the states of the step's
// keys and values have been written.
func TestAttentionRefusesWhatDoesNotFit(t *testing.T) {
	testExamples(t, []example{
		{
			name: "keys of another size than the queries", op: sdpa,
			in: operands{"query": queries, "key": f32(dims{1, 1, 3}, 1, 2, 3), "value": f32(dims{1, 1, 1}, 1)}, refused: "do not fit",
		},
		{
			name: "values for another number of keys", op: sdpa,
			in: operands{"query": queries, "key": keys, "value": f32(dims{1, 2, 1}, 1, 2)}, refused: "do not fit",
		},
		{
			name: "heads that the queries do not have", op: sdpa,
			in: operands{"query": counting(2, 1, 1), "key": counting(3, 1, 1), "value": counting(3, 1, 1)}, refused: "do not fit",
		},
		{
			name: "a mask for fewer keys", op: sdpa,
			in:      operands{"query": queries, "key": keys, "value": values, "attn_mask": bools(dims{1, 2}, 1, 1)},
			refused: "mask of shape [1 2] does not fit the scores of 2 queries and 3 keys",
		},
		{
			name: "a mask that is a vector", op: sdpa,
			in: operands{"query": queries, "key": keys, "value": values, "attn_mask": bools(dims{3}, 1, 1, 1)}, refused: "mask of shape [3]",
		},
	})
}

// repeated shows each head of [batch, heads, rows, columns] times in a row, as the
// view does that expand_dims, tile and reshape leave of a cache.
func repeated(v *array.Value, times int) *array.Value {
	w := *v
	w.Strides()
	w.Dims[1], w.Repeat[1], w.Dense = w.Dims[1]*times, times, false
	return &w
}

func TestGroupedQueriesShareTheHeadsOfKeysAndValues(t *testing.T) {
	q, k, v := counting(1, 4, 2, 3), counting(1, 2, 5, 3), counting(1, 2, 5, 2)
	for i := range k.F32 {
		k.F32[i] = float32(i*7%11)/8 - 0.5
	}
	for i := range q.F32 {
		q.F32[i] = float32(i*5%13)/8 - 0.75
	}
	copies := func(v *array.Value) *array.Value {
		w := repeated(v, 2)
		return f32(w.ShapeCopy(), floats(w)...)
	}
	want := floatsOf(t, example{op: sdpa, in: operands{"query": q, "key": copies(k), "value": copies(v)}})
	for name, in := range map[string]operands{
		"both repeated":               {"query": q, "key": repeated(k, 2), "value": repeated(v, 2)},
		"keys repeated and no values": {"query": q, "key": repeated(k, 2), "value": copies(v)},
		"both repeated, binary16":     {"query": q, "key": repeated(asHalf(k), 2), "value": repeated(asHalf(v), 2)},
	} {
		if got := floatsOf(t, example{op: sdpa, in: in}); !slices.Equal(got, want) {
			t.Errorf("%s: result is %v, want %v", name, got, want)
		}
	}
}

func TestAttentionGivesTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	x := example{op: sdpa, in: operands{"query": counting(1, 4, 30, 8), "key": counting(1, 4, 70, 8), "value": counting(1, 4, 70, 8)}}
	for _, v := range x.in {
		for k := range v.F32 {
			v.F32[k] = float32(k*31%101)/50 - 1
		}
	}
	want := floatsOf(t, x)
	c := bind(t, &x, forms[0])
	c.Env.Pool = pool
	if err := once(c); err != nil {
		t.Fatal(err)
	}
	if got := c.F32(&c.Env.Values[c.Step.Out[0]]); !slices.Equal(got, want) {
		t.Error("three threads give other bits than one")
	}
}

// Scores and widened keys belong to the memory of a prediction.
func TestScoresThatTakeTooMuchMemoryAreRefused(t *testing.T) {
	defer func(old int) { op.MaxArena = old }(op.MaxArena)
	op.MaxArena = 1 << 12
	c := bind(t, &example{op: sdpa, in: operands{"query": counting(1, 1, 1), "key": counting(1, 4096, 1), "value": counting(1, 4096, 1)}}, forms[0])
	defer func() {
		if _, ok := recover().(op.ArenaError); !ok {
			t.Error("the limit was passed")
		}
	}()
	t.Error(once(c))
}

func TestFusedAttention(t *testing.T) {
	plain := f32(dims{1, 2, 3}, 4, 5, 6.4223188, 5.21479478, 6.21479478, 7.68310531) // with a scale of 1, PyTorch 2.7
	turned := f32(dims{1, 2, 3}, 1, 0, 1, 0, 1, 1)
	testExamples(t, []example{
		{
			name: "the scale is that of the pattern", def: op.FusedAttention, data: &op.AttentionPattern{Scale: 1},
			in: operands{"query": queries, "key": keys, "value": values}, want: plain,
		},
		{
			name: "keys may be stored by columns", def: op.FusedAttention, data: &op.AttentionPattern{Scale: 1, Transposed: true},
			in: operands{"query": queries, "key": turned, "value": values}, want: plain,
		},
		{
			name: "keys stored by columns may be binary16", def: op.FusedAttention, data: &op.AttentionPattern{Scale: 1, Transposed: true},
			in: operands{"query": queries, "key": asHalf(turned), "value": asHalf(values)}, want: plain,
		},
		{
			// Scores of 2049 and 2048 are one number in fp16, so both values count alike.
			name: "rounding inside is that of separate operations", def: op.FusedAttention, data: &op.AttentionPattern{Scale: 1, Round: true},
			in:   operands{"query": f32(dims{1, 1}, 1), "key": f32(dims{2, 1}, 2049, 2048), "value": f32(dims{2, 1}, 10, 20)},
			want: f32(dims{1, 1}, 15),
		},
		{
			// 1/(1+1/e) of 10 and the rest of 20.
			name: "without it the scores keep their bits", def: op.FusedAttention, data: &op.AttentionPattern{Scale: 1},
			in:   operands{"query": f32(dims{1, 1}, 1), "key": f32(dims{2, 1}, 2049, 2048), "value": f32(dims{2, 1}, 10, 20)},
			want: f32(dims{1, 1}, float32(10+10/(1+math.E))),
		},
	})
}
