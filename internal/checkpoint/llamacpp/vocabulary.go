package llamacpp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// Types of tokens, by llama.cpp's numbers.
const (
	normalToken  = 1
	unknownToken = 2
	controlToken = 3
	userToken    = 4
	unusedToken  = 5
	byteToken    = 6
)

// Bounds of a vocabulary, those of package tokenizer.
const (
	maxTokens = 1 << 22
	maxToken  = 16 << 10
	maxMerges = 1 << 22
)

// vocabulary is what the metadata says of the tokenizer.
type vocabulary struct {
	model, pre string
	tokens     []string
	kinds      []int64   // of each token, nil where all are normal
	scores     []float64 // of each token, of SentencePiece's only
	merges     []string  // of byte pair encoding's only

	bos, eos, unk, pad int   // ids, negative where there is none
	ends               []int // ids that end an answer
	addBOS, addEOS     *bool // whether a text gets them; nil: the tokenizer's custom
	spaceBefore        bool  // whether a text gets a space in front, of SentencePiece's only
	templates          []chatTemplate
}

type chatTemplate struct {
	Name     string `json:"name"`
	Template string `json:"template"`
}

// readVocabulary reads what the metadata says. A file without a tokenizer has no tokens.
func readVocabulary(w *words) (*vocabulary, error) {
	v := &vocabulary{}
	v.model, _ = w.meta["tokenizer.ggml.model"].Text()
	v.pre, _ = w.meta["tokenizer.ggml.pre"].Text()
	if v.model == "" || v.model == "none" || v.model == "no_vocab" {
		v.bos, v.eos, v.unk, v.pad = -1, -1, -1, -1
		return v, nil
	}
	var ok bool
	if v.tokens, ok = w.meta["tokenizer.ggml.tokens"].Texts(); !ok || len(v.tokens) == 0 || len(v.tokens) > maxTokens {
		return nil, fmt.Errorf("%w: tokenizer.ggml.tokens is no list of tokens", ErrModel)
	}
	for i, t := range v.tokens {
		if len(t) > maxToken {
			return nil, fmt.Errorf("%w: token %d has %d bytes", ErrModel, i, len(t))
		}
		v.tokens[i] = strings.ToValidUTF8(t, "\ufffd")
	}
	v.kinds, _ = w.meta["tokenizer.ggml.token_type"].Ints()
	v.scores, _ = w.meta["tokenizer.ggml.scores"].Floats()
	v.merges, _ = w.meta["tokenizer.ggml.merges"].Texts()
	if v.kinds != nil && len(v.kinds) != len(v.tokens) || v.scores != nil && len(v.scores) != len(v.tokens) {
		return nil, fmt.Errorf("%w: %d tokens, %d types of them and %d scores", ErrModel, len(v.tokens), len(v.kinds), len(v.scores))
	}
	v.bos, v.eos, v.unk, v.pad = v.id(w, "bos"), v.id(w, "eos"), v.id(w, "unknown"), v.id(w, "padding")
	for _, id := range []int{v.eos, v.id(w, "eot"), v.id(w, "eom")} {
		if id >= 0 && !slices.Contains(v.ends, id) {
			v.ends = append(v.ends, id)
		}
	}
	flag := func(key string) *bool {
		if b, ok := w.meta["tokenizer.ggml."+key].Bool(); ok {
			return &b
		}
		return nil
	}
	v.addBOS, v.addEOS = flag("add_bos_token"), flag("add_eos_token")
	before := flag("add_space_prefix")
	v.spaceBefore = before == nil || *before
	v.readTemplates(w)
	return v, nil
}

// id returns the id of a special token, negative where there is none.
func (v *vocabulary) id(w *words, name string) int {
	n, ok := w.meta["tokenizer.ggml."+name+"_token_id"].Int()
	if !ok || n < 0 || n >= int64(len(v.tokens)) {
		return -1
	}
	return int(n)
}

// readTemplates reads the chat template, and others that have names.
func (v *vocabulary) readTemplates(w *words) {
	if t, ok := w.meta["tokenizer.chat_template"].Text(); ok {
		v.templates = append(v.templates, chatTemplate{"default", t})
	}
	names, _ := w.meta["tokenizer.chat_templates"].Texts()
	for _, name := range names[:min(len(names), 64)] {
		if t, ok := w.meta["tokenizer.chat_template."+name].Text(); ok && name != "default" {
			v.templates = append(v.templates, chatTemplate{name, t})
		}
	}
}

// kind returns the type of a token.
func (v *vocabulary) kind(id int) int64 {
	if v.kinds == nil {
		return normalToken
	}
	return v.kinds[id]
}

// ids puts the ids of the special tokens into a configuration.
func (v *vocabulary) ids(config map[string]any) {
	if v.bos >= 0 {
		config["bos_token_id"] = v.bos
	}
	if v.eos >= 0 {
		config["eos_token_id"] = v.eos
	}
}

// files returns the files of the tokenizer, and generation_config.json.
func (v *vocabulary) files(context int) (map[string][]byte, error) {
	files := map[string][]byte{}
	if v.tokens == nil {
		return files, nil
	}
	var model map[string]any
	var err error
	switch v.model {
	case "gpt2":
		model, err = v.bytePairs()
	case "llama":
		model, err = v.sentencePiece()
	default:
		err = fmt.Errorf("%w: the tokenizer %s is not read, gpt2 and llama are: convert the original model", ErrModel, storage.Quote(v.model))
	}
	if err != nil {
		return nil, err
	}
	model["version"], model["truncation"], model["padding"] = "1.0", nil, nil
	model["added_tokens"] = v.added()
	model["post_processor"] = v.around()
	config := map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false, "model_max_length": context,
	}
	for name, id := range map[string]int{"bos_token": v.bos, "eos_token": v.eos, "unk_token": v.unk, "pad_token": v.pad} {
		if id >= 0 {
			config[name] = v.tokens[id]
		}
	}
	switch {
	case len(v.templates) == 1 && v.templates[0].Name == "default":
		config["chat_template"] = v.templates[0].Template
	case len(v.templates) > 0:
		config["chat_template"] = v.templates
	}
	generation := map[string]any{}
	if v.bos >= 0 {
		generation["bos_token_id"] = v.bos
	}
	if len(v.ends) > 0 {
		generation["eos_token_id"] = v.ends
	}
	for name, content := range map[string]any{"tokenizer.json": model, "tokenizer_config.json": config, "generation_config.json": generation} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // tokens have angle brackets, which people read
		e.SetIndent("", " ")
		if err := e.Encode(content); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrModel, name, err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// added returns the tokens that are found in a text before all others.
func (v *vocabulary) added() []map[string]any {
	list := []map[string]any{}
	for id, t := range v.tokens {
		kind := v.kind(id)
		if kind != controlToken && kind != userToken && kind != unknownToken || t == "" {
			continue
		}
		list = append(list, map[string]any{
			"id": id, "content": t, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": kind != userToken,
		})
	}
	return list
}

// around returns the post-processor that puts tokens around a text, nil where there are none.
func (v *vocabulary) around() any {
	bos := v.bos >= 0 && (v.addBOS != nil && *v.addBOS || v.addBOS == nil && v.customBOS())
	eos := v.eos >= 0 && v.addEOS != nil && *v.addEOS
	if !bos && !eos {
		return nil
	}
	tokens := map[string]any{}
	token := func(id, kind int) map[string]any {
		t := v.tokens[id]
		tokens[t] = map[string]any{"id": t, "ids": []int{id}, "tokens": []string{t}}
		return map[string]any{"SpecialToken": map[string]any{"id": t, "type_id": kind}}
	}
	sequence := func(name string, kind int) []any {
		var parts []any
		if bos {
			parts = append(parts, token(v.bos, kind))
		}
		parts = append(parts, map[string]any{"Sequence": map[string]any{"id": name, "type_id": kind}})
		if eos {
			parts = append(parts, token(v.eos, kind))
		}
		return parts
	}
	return map[string]any{
		"type": "TemplateProcessing", "single": sequence("A", 0), "pair": append(sequence("A", 0), sequence("B", 1)...), "special_tokens": tokens,
	}
}

// customBOS is whether texts get a beginning where the metadata does not say.
func (v *vocabulary) customBOS() bool {
	return v.model == "llama" || slices.Contains(llama3Names, v.pre) || v.pre == "tekken"
}

// vocab returns the ids of the tokens by their texts. Of two with the same text the first counts.
func (v *vocabulary) vocab() map[string]int {
	ids := make(map[string]int, len(v.tokens))
	for id, t := range v.tokens {
		if _, twice := ids[t]; !twice {
			ids[t] = id
		}
	}
	return ids
}
