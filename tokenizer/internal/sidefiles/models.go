package sidefiles

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
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

// anyClasses are names that stand for no class of their own.
var anyClasses = []string{"", "PreTrained", "TokenizersBackend", "PythonBackend"}

// ofFiles are the classes that read vocab.json and merges.txt, or vocab.txt
// (vocab_files_names).
const ofFiles = "GPT2 CodeGen Whisper GPTNeoX Qwen2 Qwen3_5 CLIP OpenAIGPT Herbert Deberta Blenderbot Cohere " +
	"Roberta Bart LED Longformer Mvp Bert DistilBert Electra MobileBert ConvBert LayoutLM Lxmert SqueezeBert " +
	"DPRContextEncoder DPRQuestionEncoder DPRReader MPNet Funnel"

// classOfVocabulary returns the class of a vocabulary: the one that the files name, or
// that of the kind of model, or else the one that such a vocabulary has. A class that
// makes something else of it, which nothing here knows, is an error.
func (s *Side) classOfVocabulary(v *Vocabulary) (*class, error) {
	name, kind := s.Class()
	if v.Names != nil {
		return &class{names: v.Names}, nil
	}
	if v.Model == "" {
		if c := classes[name]; c != nil {
			return c, nil
		}
		return &plain, nil
	}
	own, known := kindClass(kind)
	if slices.Contains(anyClasses, name) || known && own != "" && slices.Contains(strings.Fields(misnamed), kind) {
		name = own
	}
	name = cmp.Or(name, v.Otherwise)
	c := classes[name]
	if c == nil || !slices.Contains(strings.Fields(ofFiles), name) || !c.makes(v.Model) {
		return nil, &fault.Unsupported{Component: "model", Name: name + "Tokenizer without tokenizer.json"}
	}
	return c, nil
}

// makes reports whether the class makes a model of a type.
func (c *class) makes(model string) bool {
	return c.build != nil && strings.Contains(c.build.model, `"`+model+`"`)
}
