package generate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// fakeBatch is a model that takes several texts. Each is answered by the rule counting
// from the tokens that its row of the mask shows, so that padding which is seen, a
// wrong position, or another row's text changes the answer.
type fakeBatch struct {
	texts, masks, positions int // the first dimensions; no positions for 0
	calls, mixed            int // predictions, and those of different texts
	most                    int // tokens of each text in one of them
	broken                  func(call int) error
}

func (m *fakeBatch) NewState() (*coreml.State, error) { return nil, errors.New("there are no states") }

func (m *fakeBatch) description() *coreml.Description {
	in := features{
		ints("inputIds", m.texts, -fakeContext), halfs("causalMask", m.masks, 1, -fakeContext, -fakeContext),
		ints("cache", m.texts, 1, fakeContext, 1),
	}
	if m.positions > 0 {
		in = append(in, ints("positionIds", m.positions, -fakeContext))
	}
	return &coreml.Description{Inputs: in, Outputs: features{floats("logits"), ints("new_cache", m.texts, 1, fakeContext, 1)}}
}

func (m *fakeBatch) Predict(ctx context.Context, in coreml.Features, _ *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	if m.calls++; m.broken != nil {
		if err := m.broken(m.calls); err != nil {
			return nil, err
		}
	}
	ids, err := intsOf(in.Tensor("inputIds"))
	if err != nil {
		return nil, err
	}
	mask := in.Tensor("causalMask")
	q, width := len(ids)/m.texts, mask.Dim(3)
	m.most = max(m.most, q)
	cells, err := tensor.Values[float32](mask)
	if err != nil {
		return nil, err
	}
	cache, err := tensor.Values[int32](in.Tensor("cache"))
	if err != nil {
		return nil, err
	}
	if !slices.Equal(ids[:q], ids[len(ids)-q:]) {
		m.mixed++
	}
	rows := make([]float32, len(ids)*fakeVocab)
	for k, id := range ids {
		text, at := k/q, width-q+k%q
		cache[text*fakeContext+at] = int32(id)
		var seen []int
		for j, v := range cells[(k%(m.masks*q))*width:][:width] {
			if !math.IsInf(float64(v), -1) {
				seen = append(seen, int(cache[text*fakeContext+j]))
			}
		}
		if len(seen) == 0 {
			return nil, fmt.Errorf("token %d of text %d sees nothing, not even itself", at, text)
		}
		if m.positions > 0 {
			positions, err := intsOf(in.Tensor("positionIds"))
			if err != nil {
				return nil, err
			}
			if p := positions[k%len(positions)]; m.positions == m.texts && p != len(seen)-1 {
				return nil, fmt.Errorf("position %d of a token that sees %d", p, len(seen))
			}
		}
		rows[k*fakeVocab+counting(seen)] = 10
	}
	out := coreml.Features{}
	if opts != nil && opts.Outputs != nil {
		out = opts.Outputs
	}
	err = put(out, "logits", tensor.Wrap(rows, m.texts, q, fakeVocab))
	return out, errors.Join(err, put(out, "new_cache", tensor.Wrap(cache, m.texts, 1, fakeContext, 1)))
}

func (m *fakeBatch) open(t *testing.T, c generate.Config) *generate.Generator {
	t.Helper()
	c.Driver, c.MaxStates = &generate.Driver{Caches: map[string]string{"cache": "new_cache"}}, 1
	g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if generate.HeldLanes(g) != 0 {
			t.Error("a state is still held")
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// tokenPrompts are prompts of different lengths.
func tokenPrompts(lengths ...int) []generate.Prompt {
	var list []generate.Prompt
	for i, n := range lengths {
		p := generate.Prompt{}
		for k := range n {
			p.Tokens = append(p.Tokens, 300+17*i+k)
		}
		list = append(list, p)
	}
	return list
}

// together returns the answers of a batch, and those of each prompt by itself.
func together(t *testing.T, g *generate.Generator, prompts []generate.Prompt, opts *generate.Options) (batch, alone []outcome) {
	t.Helper()
	for r, err := range g.Batch(t.Context(), slices.Values(prompts), opts) {
		batch = append(batch, outcomeOf(r, err))
		if err == nil && (r.Stats.PromptTokens != len(prompts[len(batch)-1].Tokens) || r.Stats.Tokens != len(r.Tokens)) {
			t.Errorf("the measures are %+v", r.Stats)
		}
	}
	for _, p := range prompts {
		alone = append(alone, outcomeOf(generate.Collect(g.StreamTokens(t.Context(), p.Tokens, opts))))
	}
	return batch, alone
}

func TestBatchRunsPromptsInTheRowsOfAPrediction(t *testing.T) {
	for name, c := range map[string]struct {
		texts, positions, chunk int
	}{
		"two": {2, 0, 0}, "three in pieces": {3, 0, 4}, "token by token": {3, 0, 1}, "with positions": {3, 3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeBatch{texts: c.texts, masks: c.texts, positions: c.positions}
			g := m.open(t, generate.Config{PrefillChunk: c.chunk})
			prompts := tokenPrompts(5, 11, 1, 7, 7, 20, 3)
			opts := &generate.Options{MaxTokens: 12}
			first, _ := generate.Collect(g.StreamTokens(t.Context(), prompts[1].Tokens, opts))
			opts.EndTokens = first.Tokens[4:5] // the second ends before the others of its group
			m.calls, m.mixed = 0, 0
			batch, alone := together(t, g, prompts, opts)
			if d := cmp.Diff(alone, batch); d != "" {
				t.Error(d)
			}
			if m.mixed == 0 {
				t.Error("no prediction had different texts")
			}
			if len(batch[1].Tokens) != 5 || batch[1].Finish != generate.FinishEnd || len(batch[0].Tokens) != 12 {
				t.Errorf("the rows have not ended at different times: %+v", batch)
			}
			if c.chunk > 0 && m.most > c.chunk {
				t.Errorf("%d tokens in a prediction", m.most)
			}
		})
	}
}

func TestBatchMakesOnePredictionForAllRows(t *testing.T) {
	m := &fakeBatch{texts: 4, masks: 4}
	g := m.open(t, generate.Config{})
	for _, err := range g.Batch(t.Context(), slices.Values(tokenPrompts(3, 9, 4, 1)), &generate.Options{MaxTokens: 6}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if m.calls != 6 { // the prompts, and five tokens
		t.Errorf("%d predictions", m.calls)
	}
	m.calls = 0
	for _, err := range g.Batch(t.Context(), slices.Values(tokenPrompts(3, 9)), &generate.Options{MaxTokens: 6}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if m.calls != 6 {
		t.Errorf("%d predictions for two rows of four", m.calls)
	}
}

func TestBatchRunsPromptsAloneWhereRowsCannotDiffer(t *testing.T) {
	for name, m := range map[string]*fakeBatch{
		"one mask for all":      {texts: 2, masks: 1},
		"one position for all":  {texts: 2, masks: 2, positions: 1},
		"no room beside others": {texts: 2, masks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := m.open(t, generate.Config{})
			opts := &generate.Options{MaxTokens: 8}
			if name == "no room beside others" {
				opts.MaxTokens = -1
			}
			batch, alone := together(t, g, tokenPrompts(4, 50, 30), opts)
			if d := cmp.Diff(alone, batch); d != "" {
				t.Error(d)
			}
			if m.mixed > 0 {
				t.Error("a prediction had different texts")
			}
		})
	}
}

func TestBatchRowsFailByThemselves(t *testing.T) {
	m := &fakeBatch{texts: 3, masks: 3}
	g := m.open(t, generate.Config{})
	prompts := tokenPrompts(5, 2, 9)
	prompts[1].Tokens[0] = fakeVocab
	batch, alone := together(t, g, prompts, &generate.Options{MaxTokens: 5})
	if d := cmp.Diff(alone, batch); d != "" {
		t.Error(d)
	}
	if batch[1].Err == "" || m.mixed == 0 {
		t.Errorf("%+v", batch)
	}
	// A model that fails half-way is an error of all its texts, and none of the next.
	failed := errors.New("it fails")
	m.calls, m.broken = 0, func(call int) error {
		if call == 3 {
			return failed
		}
		return nil
	}
	n := 0
	for r, err := range g.Batch(t.Context(), slices.Values(tokenPrompts(5, 2, 9, 4, 4, 4)), &generate.Options{MaxTokens: 5}) {
		if early := n < 3; early != errors.Is(err, failed) || early != (len(r.Tokens) == 2) {
			t.Errorf("answer %d: %v, %v", n, r.Tokens, err)
		}
		n++
	}
	if n != 6 {
		t.Errorf("%d answers", n)
	}
}

// TestBatchGroupsAreThePackagesAnswers runs the groups of prompts that are recorded
// beside a package, each in one run.
func TestBatchGroupsAreThePackagesAnswers(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	dirs, _ := filepath.Glob(filepath.Join(fixtures, "..", "families", "*", "family.json"))
	tried := 0
	for _, file := range dirs {
		var family struct {
			Model, Tokenizer string
			Groups           [][]int
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &family); err != nil {
			t.Fatal(err)
		}
		if len(family.Groups) == 0 {
			continue
		}
		tried++
		dir := filepath.Dir(file)
		list := records(t, dir)
		g, err := generate.Open(t.Context(), filepath.Join(dir, family.Model), &generate.Config{
			PrefillChunk: 1, // the longest prompt tells how many predictions there are
			Tokenizer:    filepath.Join(dir, family.Tokenizer), Model: &coreml.Config{Arithmetic: coreml.ArithmeticFaithful},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range family.Groups {
			var prompts []string
			for _, i := range group {
				prompts = append(prompts, list[i].Prompt)
			}
			n := 0
			for r, err := range g.Batch(t.Context(), texts(prompts...), &generate.Options{MaxTokens: len(list[0].Greedy), Sampling: &generate.Sampling{}}) {
				if err != nil {
					t.Fatal(err)
				}
				want := &list[group[n]]
				k := want.sure(0.05)
				longest := 0
				for _, i := range group {
					longest = max(longest, len(list[i].IDs))
				}
				if r.Stats.PrefillCalls != longest {
					t.Errorf("%d predictions for the prompts %v, want %d: they are not run together", r.Stats.PrefillCalls, group, longest)
				}
				if !slices.Equal(r.Tokens[:k], want.Greedy[:k]) {
					t.Errorf("%s, prompts %v, answer %d: %v, want %v", strings.TrimPrefix(dir, fixtures), group, n, r.Tokens, want.Greedy)
				}
				n++
			}
			if n != len(group) {
				t.Errorf("%d answers to %d prompts", n, len(group))
			}
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if tried == 0 {
		t.Skipf("SKIPPED: %s needs a package with groups of prompts beside COREML_FIXTURES", t.Name())
	}
}

// TestARowThatEndsIsGivenToTheNextPrompt has one long answer beside short ones: these
// take turns in the other row.
func TestARowThatEndsIsGivenToTheNextPrompt(t *testing.T) {
	for name, c := range map[string]struct{ texts, positions, chunk int }{
		"two": {2, 0, 0}, "two in pieces": {2, 2, 3}, "three": {3, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeBatch{texts: c.texts, masks: c.texts, positions: c.positions}
			g := m.open(t, generate.Config{PrefillChunk: c.chunk})
			prompts := tokenPrompts(4, 6, 3, 2, 5, 3)
			opts := &generate.Options{MaxTokens: 24}
			for i, p := range prompts { // all but the first end after some tokens
				alone, err := generate.Collect(g.StreamTokens(t.Context(), p.Tokens, &generate.Options{MaxTokens: 6}))
				if err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					opts.EndTokens = append(opts.EndTokens, alone.Tokens[4])
				}
			}
			m.calls = 0
			lone, _ := together(t, g, prompts[:1], opts)
			first := len(lone[0].Tokens)
			// The model waits until all prompts have been taken, however slow who takes them is.
			m.calls = 0
			taken := make(chan struct{})
			m.broken = func(int) error {
				<-taken
				return nil
			}
			for range g.Batch(t.Context(), func(yield func(generate.Prompt) bool) {
				defer close(taken)
				slices.Values(prompts)(yield)
			}, opts) {
			}
			calls := m.calls
			m.broken = nil
			batch, alone := together(t, g, prompts, opts)
			if d := cmp.Diff(alone, batch); d != "" {
				t.Error(d)
			}
			groups := 0
			for from := 0; from < len(alone); from += c.texts {
				longest := 0
				for _, a := range alone[from:min(from+c.texts, len(alone))] {
					longest = max(longest, len(a.Tokens))
				}
				groups += longest
			}
			if c.chunk == 0 && (calls >= groups || first < 20) {
				t.Errorf("%d predictions, where groups one after the other take %d; the long answer has %d tokens", calls, groups, first)
			}
		})
	}
}

// TestPromptsThatWaitForARowAreAnswered has prompts that are none, that fit nowhere, and
// that are longer than what the rows hold.
func TestPromptsThatWaitForARowAreAnswered(t *testing.T) {
	m := &fakeBatch{texts: 2, masks: 2}
	g := m.open(t, generate.Config{})
	prompts := tokenPrompts(3, 3, 40, 1, fakeContext, 2, 30)
	prompts[3] = generate.Prompt{Tokens: []int{-1}}
	prompts = append(prompts, generate.Prompt{Err: errors.New("a line that is none")}, prompts[0])
	i := 0
	for r, err := range g.Batch(t.Context(), slices.Values(prompts), &generate.Options{MaxTokens: 18, IgnoreEnd: true}) {
		p := prompts[i]
		if bad := i == 3 || p.Err != nil; bad != (err != nil) {
			t.Errorf("prompt %d gave %v", i, err)
		}
		if err == nil {
			want, _ := generate.Collect(g2(t).StreamTokens(t.Context(), p.Tokens, &generate.Options{MaxTokens: 18, IgnoreEnd: true}))
			if !slices.Equal(r.Tokens, want.Tokens) {
				t.Errorf("prompt %d gave %v, by itself %v", i, r.Tokens, want.Tokens)
			}
		}
		i++
	}
	if i != len(prompts) {
		t.Errorf("%d answers for %d prompts", i, len(prompts))
	}
}

// g2 opens a model of its own, whose answers are those of every other.
func g2(t *testing.T) *generate.Generator {
	t.Helper()
	return (&fakeBatch{texts: 2, masks: 2}).open(t, generate.Config{})
}
