package openai

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// numberField is a field of a request that is a number of generate.Sampling.
type numberField struct {
	names []string // the first one is ours, the others are those of other servers
	place func(s *generate.Sampling) *float64
	// narrows says that it chooses among tokens, which greedy settings do not.
	narrows bool
}

// countField is a field that is a whole number. What is below 0 is off, as with other servers.
type countField struct {
	names   []string
	place   func(s *generate.Sampling) *int
	narrows bool
}

// made returns a part of the settings, which is made where there is none.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

var numberFields = []numberField{
	{[]string{"temperature"}, func(s *generate.Sampling) *float64 { return &s.Temperature }, false},
	{[]string{"top_p"}, func(s *generate.Sampling) *float64 { return &s.TopP }, true},
	{[]string{"min_p"}, func(s *generate.Sampling) *float64 { return &s.MinP }, true},
	{[]string{"typical_p", "typical"}, func(s *generate.Sampling) *float64 { return &s.TypicalP }, true},
	{[]string{"top_n_sigma"}, func(s *generate.Sampling) *float64 { return &s.TopNSigma }, true},
	{[]string{"epsilon_cutoff"}, func(s *generate.Sampling) *float64 { return &s.EpsilonCutoff }, true},
	{[]string{"eta_cutoff"}, func(s *generate.Sampling) *float64 { return &s.EtaCutoff }, true},
	{[]string{"xtc_probability"}, func(s *generate.Sampling) *float64 { return &made(&s.XTC).Probability }, true},
	{[]string{"xtc_threshold"}, func(s *generate.Sampling) *float64 { return &made(&s.XTC).Threshold }, true},
	{[]string{"repetition_penalty", "repeat_penalty"}, func(s *generate.Sampling) *float64 { return &s.RepetitionPenalty }, false},
	{[]string{"presence_penalty"}, func(s *generate.Sampling) *float64 { return &s.PresencePenalty }, false},
	{[]string{"frequency_penalty"}, func(s *generate.Sampling) *float64 { return &s.FrequencyPenalty }, false},
	{[]string{"dry_multiplier"}, func(s *generate.Sampling) *float64 { return &made(&s.DRY).Multiplier }, false},
	{[]string{"dry_base"}, func(s *generate.Sampling) *float64 { return &made(&s.DRY).Base }, false},
}

var countFields = []countField{
	{[]string{"top_k"}, func(s *generate.Sampling) *int { return &s.TopK }, true},
	{[]string{"dry_allowed_length"}, func(s *generate.Sampling) *int { return &made(&s.DRY).AllowedLength }, false},
	{[]string{"dry_last_n"}, func(s *generate.Sampling) *int { return &made(&s.DRY).LastN }, false},
	{[]string{"no_repeat_ngram", "no_repeat_ngram_size"}, func(s *generate.Sampling) *int { return &s.NoRepeatNgram }, false},
	{[]string{"min_length"}, func(s *generate.Sampling) *int { return &s.MinTokens }, false},
	{[]string{"min_tokens", "min_new_tokens"}, func(s *generate.Sampling) *int { return &s.MinNewTokens }, false},
}

var idFields = []struct {
	name  string
	place func(s *generate.Sampling) *[]int
}{
	{"forced_eos", func(s *generate.Sampling) *[]int { return &s.ForcedEOS }},
	{"forced_tokens", func(s *generate.Sampling) *[]int { return &s.ForcedTokens }},
	{"suppress_tokens", func(s *generate.Sampling) *[]int { return &s.SuppressTokens }},
	{"begin_suppress_tokens", func(s *generate.Sampling) *[]int { return &s.BeginSuppressTokens }},
}

// maxListed bounds the lists of settings, and maxBiases the biases of tokens.
const (
	maxListed = 1024
	maxBiases = 65536
)

// samplingReader puts what a request says over the model's own settings.
type samplingReader struct {
	o       *object
	s       *generate.Sampling
	given   bool // anything is
	narrows bool // something is that chooses among tokens
}

// sampling returns how tokens are chosen, nil where the request says nothing of it.
func (o *object) sampling(g *generate.Generator) *generate.Sampling {
	r := &samplingReader{o: o, s: g.DefaultSampling()}
	r.numbers()
	r.mirostat()
	r.lists(g.Tokenizer())
	if raw := o.raw("seed"); raw != nil {
		n, ok := wholeNumber(raw)
		if !ok {
			o.bad("seed", "is %s, want a whole number", quoteJSON(raw))
		}
		r.s.Seed, r.given = new(uint64(n)), true //nolint:gosec // a negative seed is one as good as others
	}
	if !r.given {
		return nil
	}
	if r.narrows && !o.has("temperature") && r.s.Temperature == 0 {
		r.s.Temperature = 1 // choosing among tokens asks for a choice
	}
	return r.s
}

// numbers reads the fields that are numbers.
func (r *samplingReader) numbers() {
	for _, f := range numberFields {
		for _, name := range f.names {
			if v, ok := r.o.number(name); ok {
				*f.place(r.s) = v
				r.given, r.narrows = true, r.narrows || f.narrows
			}
		}
	}
	for _, f := range countFields {
		for _, name := range f.names {
			if n, ok := r.o.integer(name, math.MinInt32, math.MaxInt32); ok {
				*f.place(r.s) = max(n, 0)
				r.given, r.narrows = true, r.narrows || f.narrows
			}
		}
	}
	// With llama.cpp's name 0 is off, and below 0 is the whole text.
	if n, ok := r.o.integer("dry_penalty_last_n", math.MinInt32, math.MaxInt32); ok {
		d := made(&r.s.DRY)
		if d.LastN, r.given = max(n, 0), true; n == 0 {
			d.Multiplier = 0
		}
	}
	if id, ok := r.o.integer("forced_bos", 0, math.MaxInt32); ok {
		r.s.ForcedBOS, r.given = &id, true
	}
}

// mirostat reads its fields: those of llama.cpp turn it on by a version.
func (r *samplingReader) mirostat() {
	tau, hasTau := r.o.number("mirostat_tau")
	eta, hasEta := r.o.number("mirostat_eta")
	version, hasVersion := r.o.integer("mirostat", 0, 2)
	switch {
	case hasVersion && version == 1:
		r.o.bad("mirostat", "is 1, want 2, the second version, or 0 for none")
		return
	case hasVersion && version == 0:
		// Clients send the settings of what they have turned off.
		r.s.Mirostat, r.given = nil, true
		return
	case hasTau && tau == 0 && !hasVersion:
		r.s.Mirostat, r.given = nil, true
		return
	case !hasVersion && !hasTau && !hasEta:
		return
	}
	m := made(&r.s.Mirostat)
	if hasTau {
		m.Tau = tau
	}
	if hasEta {
		m.Eta = eta
	}
	r.given, r.narrows = true, true
}

// lists reads the fields that are lists and biases.
func (r *samplingReader) lists(tok *tokenizer.Tokenizer) {
	o := r.o
	for _, f := range idFields {
		if o.has(f.name) {
			*f.place(r.s), r.given = o.ids(f.name, maxListed), true
		}
	}
	for _, name := range []string{"dry_breakers", "dry_sequence_breakers"} {
		if o.has(name) {
			list := o.texts(name, maxListed)
			if list == nil {
				list = []string{} // none, and not the usual ones
			}
			made(&r.s.DRY).Breakers, r.given = list, true
		}
	}
	if o.has("logit_bias") {
		r.s.LogitBias, r.given = o.biases("logit_bias"), true
	}
	if o.has("sequence_bias") {
		r.s.SequenceBias, r.given = o.sequenceBias("sequence_bias"), true
	}
	if o.has("bad_words") {
		r.s.BadWords, r.given = o.badWords("bad_words", tok), true
	}
}

// biases reads an object of biases by token ids.
func (o *object) biases(name string) map[int]float64 {
	inner := o.object(name)
	if inner == nil {
		return nil
	}
	defer o.join(inner)
	if n := len(inner.fields); n > maxBiases {
		o.bad(name, "has %d elements, want %d at most", n, maxBiases)
		return nil
	}
	out := map[int]float64{}
	for key := range inner.fields {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id > math.MaxInt32 {
			inner.fail(badField(inner.path, "%s is no token id", shown(key)))
			return nil
		}
		out[id] = inner.bias(key)
	}
	return out
}

// bias reads a bias: a number, or "-inf", or false as llama.cpp writes that.
func (o *object) bias(name string) float64 {
	switch string(o.fields[name]) {
	case `"-inf"`, "false":
		return math.Inf(-1)
	}
	v, _ := o.number(name)
	return v
}

// sequenceBias reads a list of pairs of token ids and a bias.
func (o *object) sequenceBias(name string) []generate.BiasedSequence {
	var out []generate.BiasedSequence
	for k, raw := range o.list(name, maxListed) {
		var pair []json.RawMessage
		path := element(o.at(name), k)
		if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 {
			o.fail(badField(path, "is %s, want a pair of a list of token ids and a bias", kindOfJSON(raw)))
			return nil
		}
		inner := &object{path: path, fields: map[string]json.RawMessage{"tokens": pair[0], "bias": pair[1]}}
		out = append(out, generate.BiasedSequence{Tokens: inner.ids("tokens", maxListed), Bias: inner.bias("bias")})
		o.join(inner)
	}
	return out
}

// badWords reads texts and lists of token ids that must not come: a text as it stands, and
// behind a space, which most vocabularies have as another token.
func (o *object) badWords(name string, tok *tokenizer.Tokenizer) [][]int {
	var out [][]int
	for k, raw := range o.list(name, maxListed) {
		path := element(o.at(name), k)
		var text string
		if kindOfJSON(raw) == "a list" {
			inner := &object{path: o.at(name), fields: map[string]json.RawMessage{strconv.Itoa(k): raw}}
			out = append(out, inner.ids(strconv.Itoa(k), maxListed))
			o.join(inner)
			continue
		}
		if json.Unmarshal(raw, &text) != nil || text == "" || tok == nil {
			o.fail(badField(path, "is %s, want a string or a list of token ids", quoteJSON(raw)))
			return nil
		}
		for _, word := range []string{text, " " + text} {
			ids, err := tok.Encode(word, false)
			if err != nil {
				o.fail(badField(path, "%v", err))
				return nil
			}
			if len(ids) > 0 && !slices.ContainsFunc(out, func(other []int) bool { return slices.Equal(other, ids) }) {
				out = append(out, ids)
			}
		}
	}
	return out
}
