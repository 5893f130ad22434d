// Package tekken reads tekken.json, the vocabulary of Mistral's models from Nemo on: the
// ranks of tiktoken, with control tokens before them.
package tekken

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// File is what a tekken.json says.
type File struct {
	// Pattern finds the pieces of a text.
	Pattern string
	// Version is that of Mistral's tokenizers, such as v3 or v13.
	Version string
	// Specials are the control tokens by their ids, which come first.
	Specials []string
	// Tokens are the bytes of the tokens behind them, by their ranks.
	Tokens [][]byte
}

// config is the object of that name. The sizes are those of the model, whose vocabulary
// can be smaller than the file's.
type config struct {
	Pattern     string `json:"pattern"`
	Version     string `json:"version"`
	VocabSize   *int   `json:"default_vocab_size"`
	NumSpecials *int   `json:"default_num_special_tokens"`
}

// special is an entry of special_tokens.
type special struct {
	Rank int    `json:"rank"`
	Text string `json:"token_str"`
}

// deprecated are the control tokens of files that list none: version 3, and 7 at first
// (Tekkenizer.DEPRECATED_SPECIAL_TOKENS in mistral-common).
var deprecated = []string{
	"<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
	"[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
	"[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
}

// Read reads a file.
func Read(data []byte) (*File, error) {
	sections, err := jsontext.Sections(data, nil)
	if err != nil {
		return nil, err
	}
	var c config
	if err := json.Unmarshal(orNull(sections["config"]), &c); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if c.Pattern == "" {
		return nil, errors.New("config has no pattern")
	}
	f := &File{Pattern: c.Pattern, Version: c.Version}
	if err := f.readSpecials(sections["special_tokens"], c.NumSpecials); err != nil {
		return nil, fmt.Errorf("special_tokens: %w", err)
	}
	if err := f.readVocab(sections["vocab"], c.VocabSize); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return f, nil
}

// orNull returns a section, null where the file has none.
func orNull(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	return raw
}

// readSpecials reads the control tokens. Where there are to be more than the file lists,
// the rest have names by their ids.
func (f *File) readSpecials(raw []byte, count *int) error {
	list := deprecated
	if !jsontext.IsNull(raw) {
		var entries []special
		if err := json.Unmarshal(raw, &entries); err != nil {
			return err
		}
		slices.SortStableFunc(entries, func(a, b special) int { return a.Rank - b.Rank })
		list = nil
		for i, e := range entries {
			if e.Rank != i {
				return fmt.Errorf("rank %d where %d was expected", e.Rank, i)
			}
			list = append(list, e.Text)
		}
	} else if !slices.Contains([]string{"", "v1", "v2", "v3", "v7"}, f.Version) {
		return fmt.Errorf("a file of version %q has to list them", fault.Clip(f.Version))
	}
	n := len(list)
	if count != nil {
		n = *count
	}
	if n < len(list) || n > maxSpecials {
		return fmt.Errorf("%d are listed, and there are to be %d", len(list), n)
	}
	f.Specials = slices.Clone(list)
	for i := len(list); i < n; i++ {
		f.Specials = append(f.Specials, "<SPECIAL_"+strconv.Itoa(i)+">")
	}
	seen := map[string]bool{}
	for _, text := range f.Specials {
		if seen[text] || text == "" {
			return fmt.Errorf("%q comes twice or is empty", fault.Clip(text))
		}
		seen[text] = true
	}
	return nil
}

// maxSpecials bounds the control tokens; files in use have a thousand.
const maxSpecials = 1 << 16

// readVocab reads the tokens, as many as the model has.
func (f *File) readVocab(raw []byte, size *int) error {
	if jsontext.IsNull(raw) {
		return vocab.ErrNoVocab
	}
	limit := vocab.MaxID
	if size != nil {
		limit = *size - len(f.Specials)
	}
	seen := map[string]bool{}
	s := &jsontext.Scanner{Data: raw}
	err := s.Array(func() error {
		i := len(f.Tokens)
		if i >= limit {
			_, err := s.Skip()
			return err
		}
		token, rank, err := readEntry(s)
		switch {
		case err != nil:
			return fmt.Errorf("entry %d: %w", i, err)
		case rank != int64(i):
			return fmt.Errorf("entry %d has the rank %d", i, rank)
		case seen[string(token)]:
			return fmt.Errorf("the token of entry %d comes twice", i)
		}
		seen[string(token)] = true
		f.Tokens = append(f.Tokens, token)
		return nil
	})
	if err == nil && (len(f.Tokens) == 0 || size != nil && len(f.Tokens) < limit) {
		err = fmt.Errorf("%d tokens, and the model has more", len(f.Tokens))
	}
	return err
}

// readEntry reads the bytes and the rank of a token. Its token_str is for people.
func readEntry(s *jsontext.Scanner) (token []byte, rank int64, err error) {
	rank = -1
	err = s.Object(func(key []byte) error {
		switch string(key) {
		case "rank":
			rank, err = s.Integer()
		case "token_bytes":
			var text []byte
			if text, err = s.Str(); err == nil {
				token, err = base64.StdEncoding.AppendDecode(nil, text)
			}
		default:
			_, err = s.Skip()
		}
		return err
	})
	if err == nil && (len(token) == 0 || len(token) > vocab.MaxToken) {
		err = errors.New("no bytes of a token")
	}
	return token, rank, err
}
