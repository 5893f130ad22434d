package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// tokensOf answers a prompt of the storyteller and returns the ids.
func tokensOf(t *testing.T, flags ...string) []int {
	t.Helper()
	return call(t, append([]string{"generate", "Once upon a time", "--json", "-q"}, flags...)...).answer(t).Tokens
}

func TestTheSamplingFlagsOfGenerate(t *testing.T) {
	plain := tokensOf(t, "--temperature", "0", "-n", "4") // ", in an old"
	for _, c := range []struct {
		what  string
		flags []string
		want  func(ids []int) bool
	}{
		{"a bias", []string{"--logit-bias", "352=-inf"}, func(ids []int) bool { return !slices.Contains(ids, 352) }},
		{"a bias of a sequence", []string{"--sequence-bias", "13,472=100"}, func(ids []int) bool { return ids[0] == 13 && ids[1] == 472 }},
		{"a bad word", []string{"--bad-word", "old"}, func(ids []int) bool { return !slices.Contains(ids, plain[3]) }},
		{"suppressed tokens", []string{"--suppress-tokens", "13,352"}, func(ids []int) bool { return !slices.Contains(ids, 13) }},
		{"a suppressed beginning", []string{"--begin-suppress-tokens", "13"}, func(ids []int) bool { return ids[0] != 13 }},
		{"a forced beginning", []string{"--forced-tokens", "472,352"}, func(ids []int) bool { return ids[0] == 472 && ids[1] == 352 }},
		{"a forced end", []string{"--forced-eos", "0"}, func(ids []int) bool { return ids[3] == 0 }},
		{"a forced token behind one", []string{"--forced-bos", "5"}, func(ids []int) bool { return slices.Equal(ids, plain) }},
		{"a repetition that is forbidden", []string{"--no-repeat-ngram", "1"}, func(ids []int) bool { return len(slices.Compact(slices.Sorted(slices.Values(ids)))) == 4 }},
		{"penalties", []string{"--presence-penalty", "-50", "--frequency-penalty", "-50"}, func(ids []int) bool { return ids[1] == ids[0] && ids[3] == ids[0] }},
		{"a penalty for repetition", []string{"--presence-penalty", "-50", "--dry-multiplier", "200", "--dry-base", "2", "--dry-allowed-length", "1", "--dry-last-n", "50", "--dry-breaker", "zebra"}, func(ids []int) bool { return ids[3] != ids[2] }},
	} {
		if got := tokensOf(t, append([]string{"--temperature", "0", "-n", "4"}, c.flags...)...); len(got) != 4 || !c.want(got) {
			t.Errorf("%s: %v, without it %v", c.what, got, plain)
		}
	}
	// What narrows the choice to one token leaves the likeliest.
	for _, flags := range [][]string{
		{"--top-n-sigma", "0.001"}, {"--epsilon-cutoff", "0.99"}, {"--eta-cutoff", "0.99", "--epsilon-cutoff", "0.99"}, {"--mirostat-tau", "0.0001", "--mirostat-eta", "0.01"},
	} {
		if got := tokensOf(t, append([]string{"-n", "4", "--temperature", "1", "--seed", "2"}, flags...)...); !slices.Equal(got, plain) {
			t.Errorf("%v: %v, want %v", flags, got, plain)
		}
	}
	seeded := []string{"-n", "8", "--temperature", "1", "--seed", "2"}
	if a, b := tokensOf(t, append(seeded, "--typical-p", "0.2")...), tokensOf(t, append(seeded, "--xtc-probability", "1", "--xtc-threshold", "0.01")...); slices.Equal(a, tokensOf(t, seeded...)) && slices.Equal(b, a) {
		t.Errorf("typical-p and XTC change nothing: %v, %v", a, b)
	}
	end := tokensOf(t, "--temperature", "0", "-n", "8", "--logit-bias", "0=100")
	later := tokensOf(t, "--temperature", "0", "-n", "8", "--logit-bias", "0=100", "--min-new-tokens", "3")
	latest := tokensOf(t, "--temperature", "0", "-n", "8", "--logit-bias", "0=100", "--min-tokens", "10")
	if len(end) != 1 || len(later) != 4 || len(latest) != 6 {
		t.Errorf("%d, %d and %d tokens", len(end), len(later), len(latest))
	}
}

func TestSamplingFlagsOutOfRangeAreNamed(t *testing.T) {
	for want, flags := range map[string][]string{
		"--typical-p is 2, want 0 to 1 (see coreml generate --help)\n":         {"--typical-p", "2"},
		"--xtc-probability is -1, want 0 (off) to 1":                           {"--xtc-probability", "-1"},
		"--mirostat-tau is -1, want 0 to 1e+06 bits":                           {"--mirostat-tau", "-1"},
		"--dry-base is 0.5, want 1 to 1e+06":                                   {"--dry-multiplier", "1", "--dry-base", "0.5"},
		"--no-repeat-ngram is -1, want 0 (off) or more":                        {"--no-repeat-ngram", "-1"},
		"--logit-bias x=1: it must be a token id and a number":                 {"--logit-bias", "x=1"},
		`--sequence-bias is "1,=2": it must be token ids and a number`:         {"--sequence-bias", "1,=2"},
		"--guidance-scale is +Inf, want -1e+06 to 1e+06":                       {"--guidance-scale", "inf"},
		"--negative-prompt needs a --guidance-scale":                           {"--negative-prompt", "y"},
		"--logprobs is 101: it must be between 0 and 100":                      {"--json", "--logprobs", "101"},
		"--logprobs needs --json":                                              {"--logprobs", "1"},
		"--answers is -1: it must be 1 or more":                                {"--answers", "-1"},
		"--answers needs --json":                                               {"--answers", "2"},
		"--beams is 500: it must be between 1 and 128":                         {"--beams", "500"},
		`--early-stopping is "soon", want "unlikely", "first" or "never"`:      {"--beams", "2", "--early-stopping", "soon"},
		"--answers is 3, want 1 to the number of beams, 2":                     {"--beams", "2", "--answers", "3", "--json"},
		"--length-penalty is 200, want -100 to 100":                            {"--beams", "2", "--length-penalty", "200"},
		"Sampling.LogitBias: token id 9999 is not in the model's vocabulary":   {"--logit-bias", "9999=1"},
		"--answers and --beams are of one prompt and do not go with --prompts": nil,
	} {
		args := append([]string{"generate", "x", "-n", "1"}, flags...)
		if flags == nil {
			args = []string{"generate", "--prompts", "x", "--json", "--beams", "2"}
		}
		if r := call(t, args...); r.status == exitOK || !strings.Contains(r.err, want) {
			t.Errorf("%q: status %d, %q, want %q", flags, r.status, r.err, want)
		}
	}
}

// answerObjects reads the objects that a call printed.
func answerObjects(t *testing.T, r result) (list []answerJSON) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(r.out)); d.More(); {
		var a answerJSON
		if err := d.Decode(&a); err != nil {
			t.Fatalf("%v: %s%s", err, r.out, r.err)
		}
		list = append(list, a)
	}
	return list
}

func TestGenerateTellsLogProbabilities(t *testing.T) {
	a := call(t, "generate", "Once upon a time", "--json", "--logprobs", "3", "-n", "4", "--temperature", "0", "--presence-penalty", "1").answer(t)
	if len(a.LogProbs) != 4 {
		t.Fatalf("%+v", a)
	}
	for i, p := range a.LogProbs {
		if p.ID != a.Tokens[i] || p.LogProb == nil || *p.LogProb > 0 || len(p.Top) != 3 || *p.Top[0].LogProb < *p.Top[2].LogProb {
			t.Errorf("token %d: %+v", i, p)
		}
	}
	if b := call(t, "generate", "Once", "--json", "--logprobs", "0", "-n", "2").answer(t); len(b.LogProbs) != 2 || b.LogProbs[0].Top != nil {
		t.Errorf("without alternatives: %+v", b.LogProbs)
	}
	lines := `{"prompt":"Once","logprobs":1,"max_tokens":2,"bad_words":["child",[4,5]],"logit_bias":{"5":2,"6":"-inf"},"sequence_bias":[[[1,2],3]],"dry_breakers":["x"],"forced_tokens":[473],"min_tokens":1}
{"prompt":"Once","typical_p":3}
{"prompt":"Once","sequence_bias":[[[1]]]}
{"prompt":"Once","bad_words":[""]}
{"prompt":"Once","guidance_scale":2,"negative_prompt":"There","max_tokens":1}
`
	r := callWith(t, lines, "generate", "--requests", "-", "--json")
	list := answerObjects(t, r)
	if len(list) != 5 || len(list[0].LogProbs) != 2 || list[0].Tokens[0] != 473 || len(list[4].Tokens) != 1 {
		t.Fatalf("%+v, %s", list, r.err)
	}
	for i, want := range []string{"", "typical-p is 3, want 0 to 1", "want a pair of a list of token ids and a number", "the text is empty", ""} {
		if !strings.Contains(list[i].Error, want) || want == "" && list[i].Error != "" {
			t.Errorf("answer %d has the error %q, want %q", i+1, list[i].Error, want)
		}
	}
}

func TestGenerateGivesSeveralAnswers(t *testing.T) {
	list := answerObjects(t, call(t, "generate", "Once upon a time", "--json", "--answers", "3", "-n", "6", "--seed", "4", "--temperature", "1"))
	if len(list) != 3 {
		t.Fatalf("%d answers", len(list))
	}
	for i, a := range list {
		alone := tokensOf(t, "-n", "6", "--temperature", "1", "--seed", string(rune('4'+i)))
		if a.Answer != i+1 || a.Seed == nil || *a.Seed != uint64(4+i) || !slices.Equal(a.Tokens, alone) || (a.Stats.PrefillCalls > 0) != (i == 0) {
			t.Errorf("answer %d is %+v, by itself %v", i+1, a, alone)
		}
	}
	beams := answerObjects(t, call(t, "generate", "Once upon a time", "--json", "--answers", "2", "-n", "6", "--beams", "4", "--length-penalty", "0.5", "--early-stopping", "never"))
	if len(beams) != 2 || beams[0].Score == nil || *beams[0].Score < *beams[1].Score || *beams[0].Score >= 0 || len(beams[0].Tokens) != 6 {
		t.Errorf("%+v", beams)
	}
	call(t, "generate", "Once upon a time", "-n", "6", "--beams", "4").want(t, exitOK, beams[0].Text+"\n", "")
	call(t, "generate", "Once upon a time", "-n", "1", "--length-penalty", "1").want(t, exitOK, "", "--length-penalty has no effect without --beams")
}

func TestGuidanceChangesTheAnswer(t *testing.T) {
	plain := tokensOf(t, "--temperature", "0", "-n", "12")
	if one := tokensOf(t, "--temperature", "0", "-n", "12", "--guidance-scale", "1"); !slices.Equal(one, plain) {
		t.Errorf("a scale of 1: %v, want %v", one, plain)
	}
	if led := tokensOf(t, "--temperature", "0", "-n", "12", "--guidance-scale", "1.5", "--negative-prompt", "Once there was a king"); slices.Equal(led, plain) {
		t.Errorf("guidance changes nothing: %v", led)
	}
}

func TestScore(t *testing.T) {
	file := writeText(t, "text.txt", "Once upon a time, there was a little fox.")
	var s scoreJSON
	r := call(t, "score", file, "--json", "--logprobs", "2")
	if err := json.Unmarshal([]byte(r.out), &s); err != nil {
		t.Fatalf("%v: %s%s", err, r.out, r.err)
	}
	sum := 0.0
	for i, p := range s.LogProbs {
		if p.ID != s.Tokens[i] || (p.LogProb == nil) != (i == 0) || (len(p.Top) == 2) != (i > 0) {
			t.Errorf("token %d: %+v", i, p)
		}
		if p.LogProb != nil {
			sum += *p.LogProb
		}
	}
	if s.Scored != len(s.Tokens)-1 || math.Abs(sum-s.LogProb) > 1e-9 || math.Abs(s.MeanNLL+sum/float64(s.Scored)) > 1e-9 || math.Abs(*s.Perplexity-math.Exp(s.MeanNLL)) > 1e-6 {
		t.Errorf("%+v, the sum is %v", s, sum)
	}
	if piped := callWith(t, "Once upon a time, there was a little fox.", "score", "-", "--json", "--logprobs", "2"); piped.out != r.out {
		t.Errorf("from standard input: %s", piped.out)
	}
	var bare scoreJSON
	if err := json.Unmarshal([]byte(call(t, "score", file, "--no-special", "--json", "--prefill-chunk", "2", "--compute-units", "cpu-only", "-q").out), &bare); err != nil || len(bare.Tokens) != len(s.Tokens)-1 {
		t.Errorf("without special tokens: %+v, %v", bare, err)
	}
	call(t, "score", file).want(t, exitOK, "of which 11 were foretold", "")
	call(t, "score", file, "--logprobs", "2").want(t, exitOK, "perplexity", "--logprobs has no effect without --json")
	call(t, "score", file, model, "--function", "dance").want(t, exitFailure, "", "dance")
	call(t, "score", file, model, "--model", model).want(t, exitUsage, "", "the model is given twice")
	call(t, "score", file, "--logprobs", "101").want(t, exitUsage, "", "--logprobs is 101: it must be between 0 and 100")
	call(t, "score", file, "--driver", "absent.json").want(t, exitFailure, "", "absent.json")
	call(t, "score", file, "--tokenizer", "absent").want(t, exitUsage, "", "--tokenizer needs a --model")
	call(t, "score", "absent.txt").want(t, exitFailure, "", "absent.txt")
	call(t, "score", writeText(t, "text.txt", "")).want(t, exitFailure, "", "the second is the first to foretell")
	call(t, "score", t.TempDir()).want(t, exitFailure, "", "is a folder, not a file")
}
