package main

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

var (
	inf32 = float32(math.Inf(1))
	nan32 = float32(math.NaN())
)

func TestTheBestLogitIsTheFirstOfTheLargest(t *testing.T) {
	for _, c := range []struct {
		what   string
		logits []float32
		want   int
	}{
		{"the largest", []float32{-1, 3, 2}, 1},
		{"the first of equals", []float32{1, 3, 3}, 1},
		{"one beside what is forbidden", []float32{-inf32, -5, -inf32}, 1},
		{"nothing but what is forbidden", []float32{-inf32, -inf32}, -1},
		{"infinity", []float32{1, inf32}, -1},
		{"no number", []float32{5, nan32, 1}, -1},
		{"none at all", nil, -1},
	} {
		if got := best(c.logits); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

// TestRowsOfLogitsAreCompared has figures that are worked out by hand.
func TestRowsOfLogitsAreCompared(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want []float32
		row       verifyRow
	}{
		{"equal rows", []float32{3, 4}, []float32{3, 4}, verifyRow{Position: 7, Token: 1, Reference: 1, Cosine: 1}},
		// |4-5|/5; (3*3+4*5)/(5*sqrt 34).
		{"one logit apart", []float32{3, 4}, []float32{3, 5}, verifyRow{Position: 7, Token: 1, Reference: 1, Error: 0.2, Cosine: 29 / (5 * math.Sqrt(34))}},
		{"another choice", []float32{4, 3}, []float32{3, 4}, verifyRow{Position: 7, Token: 0, Reference: 1, Lead: 1, Error: 0.25, Cosine: 24.0 / 25}},
		{"the other sign", []float32{-3, -4}, []float32{3, 4}, verifyRow{Position: 7, Token: 0, Reference: 1, Lead: 1, Error: 2, Cosine: -1}},
		{"zeros for numbers", []float32{0, 0}, []float32{3, 4}, verifyRow{Position: 7, Token: 0, Reference: 1, Lead: 1, Error: 1, Cosine: 0}},
		{"a token that both forbid", []float32{1, -inf32}, []float32{1, -inf32}, verifyRow{Position: 7, Cosine: 1}},
	} {
		got, err := compareRow(7, c.got, c.want)
		if err != nil || math.Abs(got.Cosine-c.row.Cosine) > 1e-12 || math.Abs(got.Error-c.row.Error) > 1e-12 {
			t.Errorf("%s: %+v, %v, want %+v", c.what, got, err, c.row)
		}
		if got.Token != c.row.Token || got.Reference != c.row.Reference || got.Lead != c.row.Lead || got.Position != 7 {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.row)
		}
	}
	for what, c := range map[string][2][]float32{
		"a NaN of the subject":                     {{nan32, 1}, {1, 2}},
		"a NaN of the reference":                   {{1, 2}, {1, nan32}},
		"what only the subject forbids":            {{1, -inf32}, {1, 0}},
		"what only the reference forbids":          {{1, 0}, {1, -inf32}},
		"a vocabulary of another size":             {{1}, {1, 2}},
		"no finite logit on either side":           {{-inf32}, {-inf32}},
		"an infinity that is the subject's choice": {{inf32, 0}, {1, 0}},
	} {
		if row, err := compareRow(0, c[0], c[1]); err == nil || len(c[0]) == len(c[1]) && !errors.Is(err, generate.ErrNonFinite) {
			t.Errorf("%s: %+v, %v", what, row, err)
		}
	}
}

func TestAWayIsJudgedByItsWorst(t *testing.T) {
	report := &verifyReport{Tolerance: 0.05, Cosine: 0.999}
	row := func(relative, cosine float64) verifyWay {
		w := verifyWay{}
		w.add(verifyRow{Position: 3, Error: relative, Cosine: cosine}, true)
		return w
	}
	for _, c := range []struct {
		what string
		way  verifyWay
		err  error
		want string // the problem
	}{
		{"within both", row(0.05, 0.999), nil, ""},
		{"no difference", row(0, 1), nil, ""},
		{"too far apart", row(0.051, 1), nil, "the difference at position 3 is above the tolerance of 0.05"},
		{"another direction", row(0, 0.99), nil, "the cosine is below 0.999"},
		{"no number", row(math.NaN(), 1), nil, "the difference at position 3 is above the tolerance of 0.05"},
		{"a cosine that is none", row(0, math.NaN()), nil, "the cosine is below 0.999"},
		{"nothing compared", verifyWay{}, nil, "nothing was compared"},
		{"an error", row(0, 1), errors.New("coreml: predict: gone\x1b[2J"), `gone\x1b[2J`},
	} {
		c.way.judge(report, c.err)
		if c.way.Problem != c.want || c.way.Passed != (c.want == "") {
			t.Errorf("%s: passed %v, problem %q, want %q", c.what, c.way.Passed, c.way.Problem, c.want)
		}
		if nonFinite(c.way.WorstError) || nonFinite(c.way.WorstCosine) {
			t.Errorf("%s: %v and %v cannot be written as JSON", c.what, c.way.WorstError, c.way.WorstCosine)
		}
	}
}

func TestAWayKeepsTheRowsThatDifferMost(t *testing.T) {
	w := verifyWay{}
	for i, e := range []float64{1, 5, 3, 9, 2, 8, 4} {
		w.add(verifyRow{Position: i, Error: e, Cosine: 1 - e/100, Token: i % 2, Reference: 1}, i >= 2)
	}
	if w.Compared != 7 || w.Tokens != 5 || w.Equal != 2 || w.WorstError != 9 || w.Where != "position 3" || w.WorstCosine != 0.91 {
		t.Errorf("way %+v", w)
	}
	var got []int
	for _, r := range w.Worst {
		got = append(got, r.Position)
	}
	if len(got) != worstRows || got[0] != 3 || got[1] != 5 || got[2] != 1 || got[3] != 6 || got[4] != 2 {
		t.Errorf("rows of positions %v", got)
	}
	text := worstTable(w.Worst, io.Discard)
	if !strings.Contains(text, "reference leads by") || strings.Contains(worstTable([]verifyRow{{}}, io.Discard), "leads") {
		t.Errorf("the lead is shown where both chose alike, or not shown where they did not:\n%s", text)
	}
}

func TestMadeUpInputsFollowTheDescription(t *testing.T) {
	ranges := coreml.FeatureDescription{Name: "r", Kind: coreml.KindMultiArray, DType: tensor.Float32, Ranges: []coreml.Range{{Lower: 1, Upper: 1}, {Lower: 0, Upper: 8}}}
	if got := shapesOf(&ranges); len(got) != 2 || got[0][1] != 1 || got[1][1] != 2 || got[1][0] != 1 {
		t.Errorf("shapes %v of a range: want the least that holds something, and the next", got)
	}
	listed := coreml.FeatureDescription{Name: "l", Kind: coreml.KindMultiArray, DType: tensor.Int32, Enumerated: [][]int{{1}, {4}}}
	d := &coreml.Description{Inputs: []coreml.FeatureDescription{
		ranges, listed, {Name: "i", Kind: coreml.KindInt64}, {Name: "f", Kind: coreml.KindDouble}, {Name: "o", Kind: coreml.KindString, Optional: true},
	}}
	for n, size := range []int{1, 4, 1} {
		in, err := madeUp(d, n, newRandom())
		if err != nil {
			t.Fatal(err)
		}
		if got := in["l"].MultiArray(); got.Len() != size || got.DType() != tensor.Int32 {
			t.Errorf("step %d: %v %v, want %d numbers", n, got.DType(), got.Shape(), size)
		}
		if _, ok := in["o"]; ok {
			t.Error("an optional text was made up")
		}
		values, err := tensor.Values[float64](in["r"].MultiArray())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if v < -2 || v > 2 || v*8 != math.Trunc(v*8) {
				t.Errorf("step %d: %v is no eighth between -2 and 2", n, v)
			}
		}
	}
	for what, f := range map[string]coreml.FeatureDescription{
		"a picture":       {Name: "x", Kind: coreml.KindImage},
		"no shape at all": {Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32},
		"too large":       {Name: "x", Kind: coreml.KindMultiArray, DType: tensor.Float32, Enumerated: [][]int{{1 << 20, 1 << 20}}},
	} {
		var refused *unsuitable
		if _, err := madeUp(&coreml.Description{Inputs: []coreml.FeatureDescription{f}}, 0, newRandom()); !errors.As(err, &refused) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
