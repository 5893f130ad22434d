package generate_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// notText are packages whose inputs or outputs look a little like a language
// model's.
var notText = []struct {
	name            string
	inputs, outputs features
	reason          string
}{
	{"samples of sound", features{floats("AUDIO", 1, 400)}, features{floats("Identity", 1, 60)}, "none of the inputs (AUDIO: multi-array float32 (1 x 400)) clearly takes token ids"},
	{"samples of sound of any length", features{floats("audio", 1, -16000)}, features{floats("logits")}, "none of the inputs"},
	{"where and when of a recording", features{floats("META", 1, 3)}, features{floats("probabilities", 1, 6522)}, "none of the inputs"},
	{"values between words that hold ids", features{floats("centroids", 1, -64)}, features{floats("logits")}, "none of the inputs"},
	{"a relu of floats", features{floats("x", 1, 400)}, features{floats("y", 1, 400)}, "none of the inputs"},
	{"a relu of integers", features{ints("x", 1, 400)}, features{floats("y", 1, 400)}, "no row of logits for each of the 400 places"},
	{"a relu of integers of any length", features{ints("x", 1, -400)}, features{floats("y")}, "nothing shows that output y"},
	{"a relu of floats with a telling name", features{floats("tokens", 1, 400)}, features{floats("y", 1, 400)}, "no row of logits"},
	{"a classifier of numbers", features{halfs("x", 1, 4)}, features{{Name: "classLabel", Kind: coreml.KindString}, {Name: "p", Kind: coreml.KindDictionary}}, "none of the inputs"},
	{"a classifier of integers", features{ints("x", 1, 4)}, features{{Name: "classLabel", Kind: coreml.KindString}, {Name: "p", Kind: coreml.KindDictionary}}, "no output gives logits; the outputs are classLabel, p"},
	{"a classifier of pictures", features{{Name: "image", Kind: coreml.KindImage}}, features{floats("logits", 1, 1000)}, "none of the inputs (image: image"},
	{"a classifier of texts", features{ints("input_ids", 1, 128), ints("attention_mask", 1, 128)}, features{floats("logits", 1, 2)}, "no row of logits for each of the 128 places"},
	{"a classifier of texts of any length", features{ints("input_ids", 1, -128), ints("attention_mask", 1, -128)}, features{floats("logits", 1, 2)}, "gives one of 2 classes"},
	{"a tagger of words", features{ints("input_ids", 1, 128), ints("attention_mask", 1, 128)}, features{floats("logits", 1, 128, 9)}, "gives one of 9 classes"},
	{"a score for two texts", features{ints("input_ids", 1, -128)}, features{floats("scores", 1, 1)}, "no output gives logits"},
	{"a look-up of embeddings", features{ints("ids", 1, 8)}, features{floats("y", 1, 8, 64)}, "nothing shows that output y"},
	{"a look-up of embeddings of any length", features{ints("input_ids", 1, -8)}, features{floats("embeddings")}, "looks like vectors"},
	{"hidden states", features{ints("input_ids", 1, 77)}, features{floats("last_hidden_state", 1, 77, 768)}, "looks like vectors"},
	{"one vector for a text", features{ints("input_ids", 1, 77)}, features{floats("output", 1, 512)}, "no row of logits"},
	{"numbers with a batch of 8", features{ints("ids", 8, 128)}, features{floats("logits", 8, 128, 1000)}, "none of the inputs"},
	{"a picture of integers", features{ints("x", 1, 3, 8, 8)}, features{floats("logits", 1, 1000)}, "none of the inputs"},
}

func TestPackagesThatWriteNoTextSaySo(t *testing.T) {
	tok := storyTokenizer(t)
	for _, c := range notText {
		t.Run(c.name, func(t *testing.T) {
			desc := &coreml.Description{Inputs: c.inputs, Outputs: c.outputs}
			_, err := generate.Detect(desc, nil)
			wantDriverError(t, err, "", c.reason)
			if err != nil && !strings.HasPrefix(err.Error(), "no text generation: ") {
				t.Errorf("the error is %q", err)
			}
			m := &fakeModel{}
			if _, err := generate.NewFake(m, desc, tok, nil); !errors.Is(err, generate.ErrDriver) || m.calls.Load() > 0 {
				t.Errorf("a generator gave %v after %d predictions", err, m.calls.Load())
			}
		})
	}
}

func TestPackagesThatWriteTextAreTaken(t *testing.T) {
	for name, c := range map[string]struct {
		inputs, outputs features
		override        *generate.Driver
	}{
		"logits by name":                {features{ints("input_ids", 1, 128)}, features{floats("logits", 1, 128, 1000)}, nil},
		"logits by width":               {features{ints("x", 1, 128)}, features{floats("var_912", 1, 128, 32000)}, nil},
		"floats with names":             {features{floats("inputIDs", 1, -128)}, features{floats("output_logits")}, nil},
		"capitals":                      {features{floats("INPUT_IDS", 1, -128)}, features{floats("LOGITS")}, nil},
		"an alphabet of letters":        {features{ints("ids", 1, -128)}, features{floats("logits", 1, 1, 65)}, nil},
		"what a driver file says it is": {features{ints("x", 1, 8)}, features{floats("y", 1, 8, 64)}, &generate.Driver{Logits: "y"}},
		"floats that a driver names":    {features{floats("x", 1, -8)}, features{floats("y")}, &generate.Driver{Tokens: "x", Logits: "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := generate.Detect(&coreml.Description{Inputs: c.inputs, Outputs: c.outputs}, c.override); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a width that is the tokenizer's", func(t *testing.T) {
		desc := &coreml.Description{Inputs: features{ints("x", 1, 8)}, Outputs: features{floats("y", 1, 8, fakeVocab+9)}}
		if _, err := generate.Detect(desc, nil); err == nil {
			t.Fatal("nothing but the tokenizer should tell")
		}
		if _, err := generate.NewFake(&fakeModel{}, desc, storyTokenizer(t), nil); err != nil {
			t.Error(err)
		}
	})
}

// withLogits is fakeModel's description with a declared vocabulary.
func withLogits(m *fakeModel, width int) *coreml.Description {
	desc := m.description()
	desc.Outputs[0] = floats("logits", 1, 1, width)
	return desc
}

func TestIdsThatAreNoTokensAreRefusedBeforeAnythingRuns(t *testing.T) {
	m := &fakeModel{next: counting}
	g, err := generate.NewFake(m, withLogits(m, fakeVocab), storyTokenizer(t), &generate.Config{Driver: m.driver(), MaxStates: 1, PrefillChunk: 2})
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), prompt[:4]); err != nil {
		t.Fatal(err)
	}
	ran := m.calls.Load()
	wantToken := func(what string, err error, id int) {
		t.Helper()
		got, ok := errors.AsType[*generate.TokenError](err)
		if !ok || !errors.Is(err, generate.ErrConfig) || got.ID != id || got.Vocabulary != fakeVocab {
			t.Errorf("%s of id %d gave %v, want a TokenError", what, id, err)
		}
		if n := m.calls.Load(); n != ran {
			t.Errorf("%s of id %d ran %d predictions", what, id, n-ran)
		}
	}
	ids := []int{-1, fakeVocab, math.MaxInt32, math.MinInt32, math.MinInt, math.MaxInt}
	for _, id := range ids {
		_, err := s.Append(t.Context(), []int{5, 6, 7, id})
		wantToken("Append", err, id)
		wantToken("AppendRows", s.AppendRows(t.Context(), []int{5, id}, func(int, []float32) error { return nil }), id)
	}
	if s.Len() != 4 {
		t.Errorf("%d tokens are left of 4", s.Len())
	}
	if logits, err := s.Append(t.Context(), prompt[4:]); err != nil || argmax(logits) != counting(prompt) {
		t.Errorf("the sequence goes on wrongly, or with %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ran = m.calls.Load()
	for _, id := range ids {
		_, err := generate.Collect(g.StreamTokens(t.Context(), []int{5, id, 6}, nil))
		wantToken("a prompt", err, id)
		_, err = generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{EndTokens: []int{id}}))
		wantToken("an end token", err, id)
	}
	for _, id := range ids {
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{Sampler: always(id)}))
		ran = m.calls.Load()
		wantToken("a sampler's choice", err, id)
		if len(r.Tokens) != 0 {
			t.Errorf("the sampler's token %d came out", id)
		}
	}
	for _, id := range []int{-2, fakeVocab, math.MaxInt32} {
		_, err := generate.NewFake(m, withLogits(m, fakeVocab), nil, &generate.Config{
			Driver: m.driver(), Defaults: &generate.Defaults{EndTokens: []int{id}},
		})
		wantToken("an end token of the defaults", err, id)
	}
}

func argmax(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

func TestIdsThatAFloatInputCannotHoldAreRefused(t *testing.T) {
	for _, c := range []struct {
		input coreml.FeatureDescription
		id    int
		ok    bool
	}{
		{halfs("ids", 1, -8), 2048, true},
		{halfs("ids", 1, -8), 2050, true},
		{halfs("ids", 1, -8), 2049, false},
		{halfs("ids", 1, -8), 70000, false},
		{floats("ids", 1, -8), 1 << 24, true},
		{floats("ids", 1, -8), 1<<24 + 1, false},
	} {
		g, err := generate.NewFake(&probe{rows: 1}, &coreml.Description{Inputs: features{c.input}, Outputs: features{floats("logits")}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Append(t.Context(), []int{c.id})
		// The stand-in has five logits, which it can say only after it has run.
		got, _ := errors.AsType[*generate.TokenError](err)
		if got == nil || c.ok != (got.Reason == "") {
			t.Errorf("id %d in %v gave %v", c.id, c.input.DType, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTokensThatFitNoShapesAreRefusedBeforeAnythingRuns(t *testing.T) {
	m := &fakeModel{next: counting}
	desc := m.description()
	desc.Inputs[0] = enumerated(desc.Inputs[0], []int{1, 4}, []int{1, 8})
	s := fakeSequence(t, m, desc, nil, &generate.Config{Driver: m.driver()})
	if _, err := s.Append(t.Context(), prompt[:8]); err != nil {
		t.Fatal(err)
	}
	// Four of the six would go through, and the last two not.
	if _, err := s.Append(t.Context(), prompt[:6]); !errors.Is(err, coreml.ErrShape) || m.calls.Load() != 1 || s.Len() != 8 {
		t.Errorf("got %v after %d predictions, %d tokens are left", err, m.calls.Load(), s.Len())
	}
	logits, err := s.Append(t.Context(), prompt[:4])
	if want := counting(append(append([]int{}, prompt[:8]...), prompt[:4]...)); err != nil || argmax(logits) != want {
		t.Errorf("the sequence goes on wrongly, or with %v", err)
	}
}
