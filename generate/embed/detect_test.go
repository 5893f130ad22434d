package embed_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/tensor"
)

type features = []coreml.FeatureDescription

// array describes a multi-array; a negative size is open up to its opposite, and -1
// without end.
func array(name string, d tensor.DType, shape ...int) coreml.FeatureDescription {
	f := coreml.FeatureDescription{Name: name, Kind: coreml.KindMultiArray, DType: d}
	for _, n := range shape {
		r := coreml.Range{Lower: n, Upper: n}
		if n < 0 {
			r = coreml.Range{Lower: 1, Upper: -n}
			if n == -1 {
				r.Upper = -1
			}
			f.Ranges = make([]coreml.Range, 0, len(shape))
		}
		f.Shape = append(f.Shape, max(r.Lower, 1))
	}
	if f.Ranges != nil {
		for _, n := range shape {
			switch {
			case n >= 0:
				f.Ranges = append(f.Ranges, coreml.Range{Lower: n, Upper: n})
			case n == -1:
				f.Ranges = append(f.Ranges, coreml.Range{Lower: 1, Upper: -1})
			default:
				f.Ranges = append(f.Ranges, coreml.Range{Lower: 1, Upper: -n})
			}
		}
	}
	return f
}

func ints(name string, shape ...int) coreml.FeatureDescription {
	return array(name, tensor.Int32, shape...)
}

func floats(name string, shape ...int) coreml.FeatureDescription {
	return array(name, tensor.Float32, shape...)
}

func halfs(name string, shape ...int) coreml.FeatureDescription {
	return array(name, tensor.Float16, shape...)
}

// bert are the inputs of most encoders.
var bert = features{ints("input_ids", 1, 128), ints("attention_mask", 1, 128), ints("token_type_ids", 1, 128)}

func TestDetectionFindsWhatAPackageGives(t *testing.T) {
	for name, tc := range map[string]struct {
		in, out    features
		pooling    embed.Pooling
		classifies bool
		want       string // output, gives
		tokens     string
	}{
		"rows":                               {in: bert, out: features{halfs("last_hidden_state", 1, 128, 384)}, pooling: "mean", want: "last_hidden_state rows"},
		"rows with channels first":           {in: bert, out: features{halfs("x", 1, 384, 1, 128)}, pooling: "mean", want: "x rows"},
		"a vector":                           {in: bert, out: features{floats("embedding", 1, 384)}, want: "embedding vector"},
		"a vector as long as a text":         {in: bert, out: features{floats("out", 1, 128)}, want: "out vector"},
		"a vector with an axis of one":       {in: bert, out: features{floats("out", 1, 1, 384)}, want: "out vector"},
		"a vector with channels first":       {in: bert, out: features{floats("out", 1, 384, 1, 1)}, want: "out vector"},
		"a vector alone":                     {in: bert, out: features{floats("out", 384)}, want: "out vector"},
		"of both the one that is meant":      {in: bert, out: features{halfs("token_embeddings", 1, 128, 384), halfs("sentence_embedding", 1, 384)}, want: "sentence_embedding vector"},
		"rows where a pooling is said":       {in: bert, out: features{halfs("last_hidden_state", 1, 128, 384), halfs("pooler_output", 1, 384)}, pooling: "cls", want: "last_hidden_state rows"},
		"the pooler where it is said":        {in: bert, out: features{halfs("last_hidden_state", 1, 128, 384), halfs("pooler_output", 1, 384)}, pooling: "none", want: "pooler_output vector"},
		"the last of many layers":            {in: bert, out: features{halfs("hidden_1", 1, 128, 384), halfs("last_hidden_state", 1, 128, 384)}, pooling: "mean", want: "last_hidden_state rows"},
		"one logit":                          {in: bert, out: features{floats("var_12", 1, 1)}, want: "var_12 scores"},
		"logits of classes":                  {in: bert, out: features{floats("logits", 1, 3)}, want: "logits scores"},
		"classes by config.json":             {in: bert, out: features{floats("var_9", 1, 3)}, classifies: true, want: "var_9 scores"},
		"an output without a shape":          {in: bert, out: features{halfs("last_hidden_state")}, pooling: "mean", want: "last_hidden_state rows"},
		"one text without an axis":           {in: bert, out: features{halfs("x", 128, 384)}, pooling: "mean", want: "x rows"},
		"tokens of one axis":                 {in: features{ints("ids", 64), floats("mask", 64)}, out: features{halfs("x", 64, 384)}, pooling: "mean", want: "x rows", tokens: "ids"},
		"tokens as floats":                   {in: features{floats("inputIds", 1, 64), floats("attentionMask", 1, 64)}, out: features{halfs("x", 1, 384)}, want: "x vector", tokens: "inputIds"},
		"tokens of no known name":            {in: features{ints("text", 1, -512)}, out: features{halfs("x", 1, 384)}, want: "x vector", tokens: "text"},
		"an open batch":                      {in: features{ints("input_ids", -32, -512), ints("attention_mask", -32, -512)}, out: features{halfs("x", -32, 384)}, want: "x vector"},
		"an open batch of rows":              {in: features{ints("input_ids", -32, -512), ints("attention_mask", -32, -512)}, out: features{halfs("x", -32, -512, 384)}, pooling: "last", want: "x rows"},
		"an output that is no float":         {in: bert, out: features{ints("index", 1, 2), halfs("embedding", 1, 64)}, want: "embedding vector"},
		"an input that may be absent":        {in: append(slices.Clone(bert), coreml.FeatureDescription{Name: "extra", Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{1}, Optional: true}), out: features{halfs("embedding", 1, 64)}, want: "embedding vector"},
		"hidden rows wider than a tokenizer": {in: bert, out: features{halfs("hidden_states", 1, 128, 2048)}, pooling: "mean", want: "hidden_states rows"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := embed.Detection(&coreml.Description{Inputs: tc.in, Outputs: tc.out}, embed.Driver{}, tc.pooling, 1000, tc.classifies)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Output + " " + string(d.Gives); got != tc.want || tc.tokens != "" && d.Tokens != tc.tokens {
				t.Errorf("%s, tokens %s; want %s", got, d.Tokens, tc.want)
			}
		})
	}
}

func TestDetectionRefusesWhatGivesNoEmbeddings(t *testing.T) {
	for name, tc := range map[string]struct {
		in, out, states features
		driver          embed.Driver
		want            string
	}{
		"a model with states":          {in: bert, out: features{halfs("embedding", 1, 64)}, states: features{halfs("keyCache", 1, 2, 3)}, want: "no embeddings: the function keeps states (keyCache)"},
		"a model with a cache":         {in: features{ints("input_ids", 1, 1), halfs("past", 1, 4, 8, 8)}, out: features{halfs("logits", 1, 1, 991)}, want: "no embeddings: input past"},
		"a model with a causal mask":   {in: features{ints("inputIds", 1, -64), halfs("causalMask", 1, 1, -64, -64)}, out: features{halfs("logits", 1, -64, 991)}, want: "the mask of a language model"},
		"a model without a cache":      {in: bert, out: features{floats("logits", 1, 128, 30522)}, want: "no embeddings: output logits: multi-array float32 (1 x 128 x 30522) has a row of logits for each token"},
		"logits by their number":       {in: bert, out: features{floats("var_7", 1, 128, 30522)}, want: "has a row of logits for each token"},
		"logits of the last token":     {in: bert, out: features{floats("logits", 1, 30522)}, want: "has a logit for each entry of the vocabulary"},
		"labels of tokens":             {in: bert, out: features{floats("logits", 1, 128, 9)}, want: "has a row of logits for each token"},
		"a number for each token":      {in: bert[:2], out: features{floats("starts", 2, -128)}, want: "neither a vector"},
		"rows without a pooling":       {in: bert, out: features{halfs("last_hidden_state", 1, 128, 384)}, want: "set the pooling (mean, cls, last or max), or put modules.json"},
		"rows and the pooler":          {in: bert, out: features{halfs("last_hidden_state", 1, 128, 384), halfs("pooler_output", 1, 384)}, want: "set the pooling, to none for the first"},
		"pictures":                     {in: features{{Name: "image", Kind: coreml.KindImage}}, out: features{halfs("embedding", 1, 512)}, want: "no embeddings: no input takes token ids"},
		"sounds":                       {in: features{floats("audio", 1, 16000)}, out: features{halfs("embedding", 1, 512)}, want: "no embeddings: no input takes token ids"},
		"two inputs of tokens":         {in: features{ints("query_ids", 1, 8), ints("text_ids", 1, 8)}, out: features{halfs("embedding", 1, 8)}, want: `{"tokens": "query_ids"}`},
		"an unknown input":             {in: append(slices.Clone(bert), ints("style", 1, 2)), out: features{halfs("embedding", 1, 8)}, want: `{"constants": {"style": 0}}`},
		"two vectors":                  {in: bert, out: features{halfs("a", 1, 8), halfs("b", 1, 8)}, want: `{"output": "a"}`},
		"no outputs":                   {in: bert, want: "no embeddings: there are no outputs"},
		"an output without a shape":    {in: bert, out: features{halfs("var_3")}, want: `"gives": "rows"`},
		"an input that is not there":   {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Tokens: "x"}, want: `driver: tokens: there is no input "x": the inputs are input_ids`},
		"an input of another shape":    {in: append(slices.Clone(bert), ints("m", 1, 2)), out: features{halfs("e", 1, 8)}, driver: embed.Driver{AttentionMask: "m"}, want: "driver: attention_mask: input m"},
		"an input used twice":          {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{AttentionMask: "token_type_ids", TokenTypes: "token_type_ids"}, want: "driver: token_types: "},
		"an output that is not there":  {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Output: "x"}, want: `driver: output: there is no output "x"`},
		"an output of whole numbers":   {in: bert, out: features{ints("e", 1, 8)}, driver: embed.Driver{Output: "e"}, want: "driver: output: e: multi-array int32 (1 x 8) holds no floating-point"},
		"an unknown kind of output":    {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Gives: "x"}, want: `driver: gives: is "x"`},
		"an unknown side":              {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Padding: "up"}, want: `driver: padding: is "up"`},
		"an unknown pooling":           {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Pooling: "sum"}, want: `driver: pooling: is "sum"`},
		"a kind that no output has":    {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Gives: embed.GivesRows}, want: "no embeddings: "},
		"a constant for the token ids": {in: bert, out: features{halfs("e", 1, 8)}, driver: embed.Driver{Constants: map[string]float64{"input_ids": 1}}, want: "driver: constants: "},
	} {
		t.Run(name, func(t *testing.T) {
			desc := &coreml.Description{Inputs: tc.in, Outputs: tc.out, States: tc.states}
			d, err := embed.Detection(desc, tc.driver, tc.driver.Pooling, 30000, false)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.Is(err, embed.ErrPackage) {
				t.Errorf("%+v, %v; want %q", d, err, tc.want)
			}
			if _, ok := errors.AsType[*embed.PackageError](err); !ok {
				t.Errorf("%T", err)
			}
		})
	}
	if _, err := embed.Detect(nil, nil); !errors.Is(err, embed.ErrPackage) {
		t.Error(err)
	}
	if d, err := embed.Detect(&coreml.Description{Inputs: bert, Outputs: features{halfs("h", 1, 128, 8)}}, &embed.Driver{Pooling: "mean"}); err != nil || d.Gives != embed.GivesRows {
		t.Error(d, err)
	}
}

func TestSizesAreThoseThatAllInputsAllow(t *testing.T) {
	enumerated := ints("ids", 1, 8)
	enumerated.Enumerated = [][]int{{1, 8}, {4, 8}, {1, 32}}
	for name, tc := range map[string]struct {
		in   features
		want [][2]int
	}{
		"fixed":              {features{ints("ids", 4, 16), ints("mask", 4, 16)}, [][2]int{{4, 16}, {4, 16}}},
		"open":               {features{ints("ids", -8, -64), ints("mask", -4, -128)}, [][2]int{{1, 1}, {4, 64}}},
		"without an end":     {features{ints("ids", -1, -1)}, [][2]int{{1, 1}, {1024, 100}}},
		"a list":             {features{enumerated, ints("mask", -4, -16)}, [][2]int{{1, 8}, {4, 8}}},
		"tokens of one axis": {features{ints("ids", 16)}, [][2]int{{1, 16}, {1, 16}}},
		"too large":          {features{ints("ids", 1024, 1<<20)}, nil},
		"open and large":     {features{ints("ids", 1024, -1<<20)}, [][2]int{{1024, 1}, {1024, 1 << 20}}},
		"nothing in common":  {features{ints("ids", 1, 16), ints("mask", 2, 16)}, nil},
		"no list in common":  {features{enumerated, ints("mask", 2, 64)}, nil},
	} {
		got, err := embed.SizesOf(tc.in, 100)
		if (err == nil) != (tc.want != nil) || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tc.want)
		}
	}
}

func TestTheShapeWithTheLeastWasteIsChosen(t *testing.T) {
	list := [][2]int{{1, 16}, {4, 16}, {1, 64}, {2, 64}}
	for _, tc := range []struct{ count, length, batch, width int }{
		{1, 5, 1, 16}, {2, 16, 1, 16}, {3, 16, 1, 16}, {4, 16, 4, 16}, {9, 1, 4, 16}, {1, 17, 1, 64}, {5, 64, 2, 64},
	} {
		if got, want := embed.ChooseSize(list, tc.count, tc.length), [2]int{tc.batch, tc.width}; got != want {
			t.Errorf("%d texts of %d tokens go in %v, want %v", tc.count, tc.length, got, want)
		}
	}
	if got := embed.ChooseSize([][2]int{{1, 8}, {4, 8}, {4, 64}}, 3, 20); got != [2]int{4, 64} {
		t.Errorf("three texts go in %v", got)
	}
}
