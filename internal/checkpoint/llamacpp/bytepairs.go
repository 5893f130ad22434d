package llamacpp

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/storage"
)

// Patterns that texts are cut with, as the tokenizer.json of the original models has them.
const (
	contractions = `'s|'t|'re|'ve|'m|'ll|'d`
	gpt2Pattern  = contractions + `| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	upperCase    = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	lowerCase    = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
)

// More patterns, of single families.
const (
	wordsDeepSeek = `[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` + "`" + `{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	wordsSeed     = `(?i:` + contractions + `)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`
	// words100kMarks has marks beside letters.
	words100kMarks = `(?i:` + contractions + `)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	wordsBloom     = ` ?[^(\s|.,!?…。，、।۔،)]+`
)

// words100k and words200k are the patterns of two families of OpenAI's.
func words100k(numbers string) string {
	return `(?i:` + contractions + `)|[^\r\n\p{L}\p{N}]?\p{L}+|` + numbers + `| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
}

func words200k(suffix, numbers string) string {
	return `[^\r\n\p{L}\p{N}]?` + upperCase + `*` + lowerCase + `+` + suffix + `|[^\r\n\p{L}\p{N}]?` + upperCase + `+` + lowerCase + `*` + suffix +
		`|` + numbers + `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
}

// cut is how a text is cut before pairs are merged.
type cut struct {
	patterns     []string // one after the other; none: GPT-2's own
	digits       bool     // digits are cut off one by one first
	falcon       bool     // as Falcon does, around GPT-2's own
	composed     bool     // the text is put into Unicode's composed form before
	ignoreMerges bool     // a piece that is a token is that token, whatever merges say
}

// llama3Names are the names of Llama 3's way.
var llama3Names = []string{"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"}

// cuts has the ways by llama.cpp's names for them.
var cuts = func() map[string]cut {
	m := map[string]cut{}
	for c, names := range map[*cut][]string{
		{}: {
			"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "mellum", "gigachat", "exaone4", "a.x-4.0",
			"jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "modern-bert",
		},
		{digits: true}: {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
		{falcon: true}: {"falcon"},
		{patterns: []string{words100k(`\p{N}{1,3}`)}, ignoreMerges: true}:                                                           llama3Names,
		{patterns: []string{words100k(`\p{N}{1,3}`)}}:                                                                               {"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"},
		{patterns: []string{words100k(`\p{N}`)}, composed: true}:                                                                    {"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan", "kormo", "f2llmv2"},
		{patterns: []string{words200k(``, `\p{N}`)}, ignoreMerges: true}:                                                            {"tekken"},
		{patterns: []string{words200k(`(?i:`+contractions+`)?`, `\p{N}{1,3}`)}}:                                                     {"gpt-4o", "llama4", "kanana2"},
		{patterns: []string{`\p{N}{1,3}`, `[\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+`, wordsDeepSeek}}:                 {"deepseek-v3", "hunyuan-dense"},
		{patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[\x{4e00}-\x{9fa5}\x{0800}-\x{4e00}\x{ac00}-\x{d7ff}]+`, `\p{N}`}}: {"deepseek-coder"},
		{patterns: []string{wordsSeed}}:                                                                                             {"seed-coder"},
		{patterns: []string{words100kMarks}, composed: true}:                                                                        {"qwen35"},
		{patterns: []string{wordsBloom}}:                                                                                            {"poro-chat", "bloom", "gpt3-finnish"},
		{patterns: []string{wordsBloom, `\p{N}`}}:                                                                                   {"viking"},
		{patterns: []string{`[\p{P}\$\+<=>\^~\|]+`, gpt2Pattern, `\p{N}+`, `[0-9][0-9][0-9]`}}:                                      {"", "default"},
	} {
		for _, name := range names {
			m[name] = *c
		}
	}
	return m
}()

// steps are those of the pre-tokenizer.
func (c *cut) steps() []any {
	split := func(pattern string) any {
		return map[string]any{"type": "Split", "pattern": map[string]any{"Regex": pattern}, "behavior": "Isolated", "invert": false}
	}
	digits := func(each bool) any { return map[string]any{"type": "Digits", "individual_digits": each} }
	bytes := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": len(c.patterns) == 0}
	switch {
	case c.falcon:
		return []any{map[string]any{"type": "Punctuation", "behavior": "Contiguous"}, bytes, digits(false), split(`[0-9][0-9][0-9]`)}
	case c.digits:
		return []any{digits(true), bytes}
	}
	var steps []any
	for _, p := range c.patterns {
		steps = append(steps, split(p))
	}
	return append(steps, bytes)
}

// bytePairs returns the sections of tokenizer.json for byte pair encoding over bytes.
func (v *vocabulary) bytePairs() (map[string]any, error) {
	c, ok := cuts[v.pre]
	if !ok {
		return nil, fmt.Errorf("%w: texts are cut in the way %s, which is not known: convert the original model", ErrModel, storage.Quote(v.pre))
	}
	if v.merges == nil {
		return nil, fmt.Errorf("%w: tokenizer.ggml.merges is no list of merges", ErrModel)
	}
	steps := c.steps()
	var normalizer any
	if c.composed {
		normalizer = map[string]any{"type": "NFC"}
	}
	return map[string]any{
		"normalizer":    normalizer,
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": steps},
		"decoder":       map[string]any{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": c.ignoreMerges, "vocab": v.vocab(), "merges": v.merges,
		},
	}, nil
}
