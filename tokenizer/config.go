package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// Config is what the files beside tokenizer.json say about a tokenizer. A
// field is empty where they say nothing.
type Config struct {
	// BOSToken and EOSToken begin and end a text.
	BOSToken string
	EOSToken string
	// UnkToken stands for what the vocabulary does not have.
	UnkToken string
	// PadToken fills up batches.
	PadToken string
	// SepToken, CLSToken and MaskToken are those of encoder models.
	SepToken  string
	CLSToken  string
	MaskToken string
	// AdditionalSpecialTokens are further tokens that are not text.
	AdditionalSpecialTokens []string
	// ModelMaxLength is the longest text in tokens that the model was made
	// for, 0 if it is not known.
	ModelMaxLength int
	// AddBOSToken and AddEOSToken are the options of that name. They are nil
	// where the file has none, and do not change Encode: the post-processor
	// of tokenizer.json decides.
	AddBOSToken *bool
	AddEOSToken *bool
	// TokenizerClass is the name of the class that made the files.
	TokenizerClass string
	// ChatTemplate is the default chat template.
	ChatTemplate string
	// ChatTemplates are all templates by name; the default one is "default".
	ChatTemplates map[string]string
}

// tokenText is a token that a file gives as a string or as an object.
type tokenText string

func (t *tokenText) UnmarshalJSON(data []byte) error {
	var text *string
	if json.Unmarshal(data, &text) == nil {
		if text != nil {
			*t = tokenText(*text)
		}
		return nil
	}
	var object struct {
		Content string `json:"content"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*t = tokenText(object.Content)
	return nil
}

// configFile is the JSON of tokenizer_config.json and special_tokens_map.json.
type configFile struct {
	BOS        tokenText       `json:"bos_token"`
	EOS        tokenText       `json:"eos_token"`
	Unk        tokenText       `json:"unk_token"`
	Pad        tokenText       `json:"pad_token"`
	Sep        tokenText       `json:"sep_token"`
	CLS        tokenText       `json:"cls_token"`
	Mask       tokenText       `json:"mask_token"`
	Additional json.RawMessage `json:"additional_special_tokens"`
	MaxLength  *float64        `json:"model_max_length"`
	AddBOS     *bool           `json:"add_bos_token"`
	AddEOS     *bool           `json:"add_eos_token"`
	Class      string          `json:"tokenizer_class"`
	Chat       json.RawMessage `json:"chat_template"`
	Decoder    json.RawMessage `json:"added_tokens_decoder"`
	Legacy     *bool           `json:"legacy"`
}

// configKeys are the keys of configFile.
var configKeys = func() map[string]bool {
	keys := map[string]bool{}
	for f := range reflect.TypeFor[configFile]().Fields() {
		keys[f.Tag.Get("json")] = true
	}
	return keys
}()

// read reads the file as Python does, with which transformers answers: by the exact
// names of its keys, and of a key that comes twice by the last value, even where that
// is null. encoding/json alone would take BOS_TOKEN for bos_token.
func (f *configFile) read(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	maps.DeleteFunc(fields, func(key string, _ json.RawMessage) bool { return !configKeys[key] })
	exact, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, f)
}

// maxSideFile bounds the files beside tokenizer.json, which list some ten
// thousand tokens at most, and maxTemplates the chat templates in a folder.
const (
	maxSideFile  = 16 << 20
	maxTemplates = 64
)

// sideFiles is what the files beside a tokenizer say: its configuration, and
// what only SentencePiece files need.
type sideFiles struct {
	*Config
	decoder, simple json.RawMessage // the lists of added tokens
	legacy          *bool           // whether each part between them begins with a space
}

// readConfig reads the files beside tokenizer.json; all of them are optional.
func readConfig(fsys fs.FS, dir string) (*sideFiles, error) {
	c := &sideFiles{Config: &Config{ChatTemplates: map[string]string{}}}
	for _, name := range []string{"special_tokens_map.json", "tokenizer_config.json", "chat_template.json"} {
		data, err := readOptional(fsys, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		if err := c.merge(data); err != nil {
			return nil, &FormatError{File: name, Err: err}
		}
	}
	simple, err := readOptional(fsys, path.Join(dir, "added_tokens.json"))
	if err != nil {
		return nil, err
	}
	c.simple = simple
	if err := c.readTemplates(fsys, dir); err != nil {
		return nil, err
	}
	if c.ChatTemplate = c.ChatTemplates["default"]; c.ChatTemplate == "" && len(c.ChatTemplates) == 1 {
		for _, text := range c.ChatTemplates {
			c.ChatTemplate = text
		}
	}
	return c, nil
}

func (c *sideFiles) merge(data []byte) error {
	var f configFile
	if err := f.read(bytes.TrimPrefix(data, []byte("\uFEFF"))); err != nil {
		return err
	}
	for _, p := range []struct {
		dst *string
		src tokenText
	}{
		{&c.BOSToken, f.BOS},
		{&c.EOSToken, f.EOS},
		{&c.UnkToken, f.Unk},
		{&c.PadToken, f.Pad},
		{&c.SepToken, f.Sep},
		{&c.CLSToken, f.CLS},
		{&c.MaskToken, f.Mask},
		{&c.TokenizerClass, tokenText(f.Class)},
	} {
		if p.src != "" {
			*p.dst = string(p.src)
		}
	}
	// Models without a limit write 1e30 here.
	if f.MaxLength != nil && *f.MaxLength > 0 && *f.MaxLength < 1<<31 {
		c.ModelMaxLength = int(*f.MaxLength)
	}
	if len(f.Decoder) > 0 {
		c.decoder = f.Decoder
	}
	if f.Legacy != nil {
		c.legacy = f.Legacy
	}
	if f.AddBOS != nil {
		c.AddBOSToken = f.AddBOS
	}
	if f.AddEOS != nil {
		c.AddEOSToken = f.AddEOS
	}
	// The field is a list in the tokenizers that have one and is left to
	// itself in any other form.
	var extra []tokenText
	if json.Unmarshal(f.Additional, &extra) == nil && len(extra) > 0 {
		c.AdditionalSpecialTokens = nil
		for _, text := range extra {
			c.AdditionalSpecialTokens = append(c.AdditionalSpecialTokens, string(text))
		}
	}
	return c.mergeTemplates(f.Chat)
}

// mergeTemplates reads a chat_template field: a text, or a list of texts with
// names.
func (c *Config) mergeTemplates(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		c.ChatTemplates["default"] = text
		return nil
	}
	var named []struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return errors.New("chat_template is neither a text nor a list of named texts")
	}
	for _, n := range named {
		c.ChatTemplates[n.Name] = n.Template
	}
	return nil
}

// readTemplates reads chat_template.jinja and the further templates in
// additional_chat_templates, which go before those of the JSON files.
func (c *Config) readTemplates(fsys fs.FS, dir string) error {
	data, err := readOptional(fsys, path.Join(dir, "chat_template.jinja"))
	if err != nil {
		return err
	}
	if data != nil {
		c.ChatTemplates["default"] = string(data)
	}
	folder := path.Join(dir, "additional_chat_templates")
	entries, err := fs.ReadDir(fsys, folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return storage.Absent(fsys, folder) // without the folder there are no further templates
	case err != nil:
		return nil //nolint:nilerr // what lies there is something else
	}
	size := 0
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".jinja")
		if !ok || e.IsDir() {
			continue
		}
		data, err := readOptional(fsys, path.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		c.ChatTemplates[name] = string(data)
		if size += len(data); size > maxSideFile || len(c.ChatTemplates) > maxTemplates {
			return &FormatError{File: path.Base(folder), Err: errors.New("too many templates")}
		}
	}
	return nil
}

// readOptional reads a file, nil if there is none.
func readOptional(fsys fs.FS, name string) ([]byte, error) {
	data, err := storage.ReadOptional(fsys, name, maxSideFile)
	return data, tooLong(err, name, maxSideFile)
}
