package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
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
	// AdditionalSpecialTokens are further tokens that are not text, from
	// extra_special_tokens or, where that names none, additional_special_tokens.
	AdditionalSpecialTokens []string
	// ExtraSpecialTokens are the tokens that have names of the tokenizer's own,
	// such as image_token, by their names. They are variables of chat templates,
	// as bos_token is.
	ExtraSpecialTokens map[string]string
	// ModelMaxLength is the longest text in tokens that the model was made
	// for, 0 if it is not known.
	ModelMaxLength int
	// PaddingSide and TruncationSide, "left" or "right", are where a text that is
	// too short is filled up and one that is too long is cut: on the right if they
	// are empty.
	PaddingSide    string
	TruncationSide string
	// CleanUpTokenizationSpaces takes the spaces before marks such as "." and
	// "n't" out of what is decoded. It counts for nothing with byte pair
	// encoding, where the spaces are those of the text.
	CleanUpTokenizationSpaces bool
	// SplitSpecialTokens reads special tokens in a text as ordinary text.
	SplitSpecialTokens bool
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
	*sidefiles.Side
	files     sidefiles.Files
	templates map[string]string // those that are files
	processor []byte            // chat_template.json

	decoder, simple json.RawMessage // the lists of added tokens
	legacy          *bool           // whether each part between them begins with a space
}

// readConfig reads the files beside tokenizer.json; all of them are optional.
func readConfig(fsys fs.FS, dir string) (*sideFiles, error) {
	c := &sideFiles{templates: map[string]string{}}
	for _, f := range []struct {
		name string
		data *[]byte
	}{
		{sidefiles.ConfigName, &c.files.Config},
		{sidefiles.SpecialName, &c.files.Special},
		{sidefiles.AddedName, &c.files.Added},
		{"chat_template.json", &c.processor},
	} {
		data, err := readOptional(fsys, path.Join(dir, f.name))
		if err != nil {
			return nil, err
		}
		*f.data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	}
	if err := c.readTemplates(fsys, dir); err != nil {
		return nil, err
	}
	// The model's own file names the kind of model, which is of use and not needed.
	if data, err := readOptional(fsys, path.Join(dir, "config.json")); err == nil {
		c.files.Model = data
	}
	return c, c.resolve(nil, nil)
}

// resolve merges the files, with the added tokens and the padding of tokenizer.json if
// there is one.
func (c *sideFiles) resolve(own []added.Token, padding *Padding) error {
	c.files.Own, c.files.Padded = own, padding != nil
	if padding != nil {
		c.files.PadToken, c.files.PadLeft = padding.Token, padding.Left
	}
	side, err := sidefiles.Read(&c.files)
	if err == nil {
		c.Side, c.Config = side, &Config{}
		if err = c.fill(); err != nil {
			err = &sidefiles.Error{File: sidefiles.ConfigName, Err: err}
		}
	}
	return formatOf(err)
}

// fill sets the fields of the configuration.
func (c *sideFiles) fill() error {
	var length, most *float64
	var class *string
	c.decoder, c.simple = c.Raw("added_tokens_decoder"), c.files.Added
	err := errors.Join(
		c.Value("model_max_length", &length), c.Value("max_len", &most), c.Value("tokenizer_class", &class), c.Value("legacy", &c.legacy),
		c.Value("add_bos_token", &c.AddBOSToken), c.Value("add_eos_token", &c.AddEOSToken),
		c.Value("clean_up_tokenization_spaces", &c.CleanUpTokenizationSpaces), c.Value("split_special_tokens", &c.SplitSpecialTokens))
	if err != nil {
		return err
	}
	// Models without a limit write 1e30 here.
	if none := c.Length(); length == nil && most == nil && none > 0 {
		c.ModelMaxLength = none
	}
	if length = cmp.Or(length, most); length != nil && *length > 0 && *length < 1<<31 {
		c.ModelMaxLength = int(*length)
	}
	if class != nil {
		c.TokenizerClass = *class
	}
	c.PaddingSide, c.TruncationSide = c.Sides()
	for i, token := range []*string{&c.BOSToken, &c.EOSToken, &c.UnkToken, &c.SepToken, &c.PadToken, &c.CLSToken, &c.MaskToken} {
		*token = c.Named(sidefiles.Names[i])
	}
	for _, n := range c.Names {
		if slices.Contains(sidefiles.Names, n.Name) {
			continue
		}
		if c.ExtraSpecialTokens == nil {
			c.ExtraSpecialTokens = map[string]string{}
		}
		c.ExtraSpecialTokens[n.Name] = n.Text
	}
	for _, v := range c.Extra {
		c.AdditionalSpecialTokens = append(c.AdditionalSpecialTokens, v.Text)
	}
	return c.fillTemplates()
}

// cleans reports whether spaces are taken out of what is decoded. Those of byte pair
// encoding are those of the text, and stay unless the configuration insists.
func (c *sideFiles) cleans(m model.Model) (bool, error) {
	_, pairs := m.(*model.BPE)
	insists := false
	const key = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
	if err := c.Value(key, &insists); err != nil {
		return false, &FormatError{File: sidefiles.ConfigName, Err: err}
	}
	return c.CleanUpTokenizationSpaces && (!pairs || insists), nil
}

// fillTemplates sets the chat templates. A chat_template.jinja takes the place of all
// those in tokenizer_config.json, and chat_template.json, which belongs to processors
// of images and sound, counts where there are no others.
func (c *sideFiles) fillTemplates() error {
	c.ChatTemplates = map[string]string{}
	if _, ok := c.templates["default"]; !ok {
		if err := c.mergeTemplates(c.Raw("chat_template")); err != nil {
			return err
		}
	}
	maps.Copy(c.ChatTemplates, c.templates)
	if len(c.ChatTemplates) == 0 && c.processor != nil {
		raw, err := sidefiles.Field(c.processor, "chat_template")
		if err == nil {
			err = c.mergeTemplates(raw)
		}
		if err != nil {
			return &sidefiles.Error{File: "chat_template.json", Err: err}
		}
	}
	if c.ChatTemplate = c.ChatTemplates["default"]; c.ChatTemplate == "" && len(c.ChatTemplates) == 1 {
		for _, text := range c.ChatTemplates {
			c.ChatTemplate = text
		}
	}
	return nil
}

// mergeTemplates reads a chat_template field: a text, a list of texts with names, or,
// as transformers takes it too, an object of them.
func (c *Config) mergeTemplates(raw json.RawMessage) error {
	if jsontext.IsNull(raw) {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		c.ChatTemplates["default"] = text
		return nil
	}
	type named struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	var list []named
	var byName map[string]string
	if json.Unmarshal(raw, &byName) == nil {
		for name, text := range byName {
			list = append(list, named{name, text})
		}
	} else if json.Unmarshal(raw, &list) != nil {
		return errors.New("chat_template is neither a text nor texts with names")
	}
	for _, n := range list {
		c.ChatTemplates[n.Name] = n.Template
		if len(c.ChatTemplates) > maxTemplates {
			return errors.New("too many templates")
		}
	}
	return nil
}

// readTemplates reads chat_template.jinja and the further templates in
// additional_chat_templates.
func (c *sideFiles) readTemplates(fsys fs.FS, dir string) error {
	data, err := readOptional(fsys, path.Join(dir, "chat_template.jinja"))
	if err != nil {
		return err
	}
	if data != nil {
		c.templates["default"] = string(data)
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
		c.templates[name] = string(data)
		if size += len(data); size > maxSideFile || len(c.templates) > maxTemplates {
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
