package sidefiles

import (
	"cmp"
	"slices"
	"strings"
)

// kindClass returns the class that the reference has for a kind of models.
func kindClass(kind string) (class string, ok bool) {
	for class, list := range kinds {
		if slices.Contains(strings.Fields(list), kind) {
			return class, true
		}
	}
	return "", false
}

// plain is the class that takes tokenizer.json as it is, and adds nothing.
var plain class

// classOf returns the class of a tokenizer: the one that its files name, unless the
// reference has another one for its kind of models and does not trust the files.
//
// LlamaTokenizer stands in the files of many tokenizers that have byte-level tokens,
// which the class does not know.
func classOf(name, kind string, byteLevel bool) *class {
	wrong := slices.Contains(strings.Fields(misnamed), kind)
	base := strings.TrimSuffix(name, "Fast")
	if base == "" {
		kind = cmp.Or(shared[kind], kind)
	}
	own, known := kindClass(kind)
	switch {
	case byteLevel && base == "LlamaTokenizer" && !wrong:
		return &plain
	case base == "" && slices.Contains(strings.Fields(unconfigured), kind):
		return &plain
	case base == "" || wrong && known:
		base = own + "Tokenizer"
	case known && own == "" && base != "TokenizersBackend":
		return &plain
	}
	base, ok := strings.CutSuffix(base, "Tokenizer")
	if c := classes[base]; ok && c != nil {
		return c
	}
	return &plain
}
