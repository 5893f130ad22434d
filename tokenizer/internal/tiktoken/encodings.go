package tiktoken

import "fmt"

// Special is a control token and its id.
type Special struct {
	Text string
	ID   int
}

// Encoding is what a file of ranks does not say.
type Encoding struct {
	// Pattern finds the pieces of a text.
	Pattern string
	// Specials are the control tokens.
	Specials []Special
}

// The patterns are in the spelling of the tokenizer.json files of the same models. tiktoken
// spells some of them with possessive quantifiers, which find the same and are faster there.
const (
	gpt2Pattern = `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	// CL100K is also that of Llama 3, and what transformers takes where nothing is said.
	CL100K      = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwenPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kUpper  = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	o200kLower  = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	foldSuffix  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
	o200k       = `[^\r\n\p{L}\p{N}]?` + o200kUpper + `*` + o200kLower + `+` + foldSuffix +
		`|[^\r\n\p{L}\p{N}]?` + o200kUpper + `+` + o200kLower + `*` + foldSuffix +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	kimiUpper = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]`
	kimiLower = `[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]`
	// Kimi is the pattern of Kimi K2 and later: that of o200k with Chinese cut off.
	Kimi = `[\p{Han}]+` +
		`|[^\r\n\p{L}\p{N}]?` + kimiUpper + `*` + kimiLower + `+` + foldSuffix +
		`|[^\r\n\p{L}\p{N}]?` + kimiUpper + `+` + kimiLower + `*` + foldSuffix +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// Named returns the encoding that a file has by its name without the extension
// (openai_public.py in tiktoken, and tokenization_qwen.py of the first Qwen).
func Named(name string) (Encoding, bool) {
	const end, prompt = "<|endoftext|>", "<|endofprompt|>"
	switch name {
	case "gpt2", "r50k_base", "p50k_base":
		return Encoding{gpt2Pattern, []Special{{end, 50256}}}, true
	case "cl100k_base":
		return Encoding{CL100K, []Special{
			{end, 100257}, {"<|fim_prefix|>", 100258}, {"<|fim_middle|>", 100259}, {"<|fim_suffix|>", 100260}, {prompt, 100276},
		}}, true
	case "o200k_base":
		return Encoding{o200k, []Special{{end, 199999}, {prompt, 200018}}}, true
	case "o200k_harmony":
		return Encoding{o200k, harmony()}, true
	case "qwen":
		return Encoding{qwenPattern, qwen()}, true
	}
	return Encoding{}, false
}

// harmony returns the control tokens of gpt-oss. Those without a use are reserved, by
// their ids; <|endofprompt|> is a second name of one of them, by which it is written.
func harmony() []Special {
	named := map[int]string{
		199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>",
		200005: "<|channel|>", 200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>", 200012: "<|call|>",
	}
	var list []Special
	for id := 199998; id < 201088; id++ {
		name, ok := named[id]
		if !ok {
			name = fmt.Sprintf("<|reserved_%d|>", id)
		}
		list = append(list, Special{name, id})
	}
	return append(list, Special{"<|endofprompt|>", 200018})
}

// qwen returns the control tokens of the first Qwen.
func qwen() []Special {
	const first = 151643
	list := []Special{{"<|endoftext|>", first}, {"<|im_start|>", first + 1}, {"<|im_end|>", first + 2}}
	for i := range 205 {
		list = append(list, Special{fmt.Sprintf("<|extra_%d|>", i), first + 3 + i})
	}
	return list
}
