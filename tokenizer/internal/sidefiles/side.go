package sidefiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
)

// Names are the names that a token can have in every tokenizer, in the order in which
// those that are new get their ids.
var Names = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// The files that a folder may have, by the names that errors have for them.
const (
	ModelName   = "config.json"
	ConfigName  = "tokenizer_config.json"
	AddedName   = "added_tokens.json"
	SpecialName = "special_tokens_map.json"
)

// Files are the texts of the files, nil for those that are not there. Own are the added
// tokens of tokenizer.json.
type Files struct {
	Config, Added, Special []byte
	Model                  []byte // config.json
	Own                    []added.Token
	// Plain says that no class is to be followed: what the files say alone counts.
	Plain bool
	// Vocabulary is set where there is no tokenizer.json.
	Vocabulary *Vocabulary
	// ByteLevel says that tokenizer.json has a component of this name.
	ByteLevel bool
	// Padded says that tokenizer.json fills up texts, with PadToken and where.
	Padded   bool
	PadToken string
	PadLeft  bool
}

// Vocabulary is what a vocabulary without tokenizer.json wants of a class, which has to
// make all else.
type Vocabulary struct {
	// Model is the model that it is for, BPE or WordPiece; "" where what cuts a text is
	// known without a class.
	Model string
	// Otherwise is the class where the files name none.
	Otherwise string
	// Names are the tokens with names that come with it, in place of those of a class.
	Names []Name
}

// Error is what is wrong with one of the files.
type Error struct {
	File string
	Err  error
}

func (e *Error) Error() string { return e.File + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Name is a token that the files give a name.
type Name struct {
	Name string
	Value
}

// Side is what the files say.
type Side struct {
	Names  []Name        // those of [Names] first, then the tokenizer's own
	Extra  []Value       // special tokens without a name
	Listed []added.Token // the tokens of added_tokens_decoder or what stands for it, by id
	config *fields
	class  *class
	name   string    // of the class, as the files write it
	kind   string    // of the model
	alone  bool      // there are no files
	sides  [2]string // of padding and truncation
}

// setName gives a token a name. The names that every tokenizer has keep their order.
func (s *Side) setName(name string, v Value) {
	for i := range s.Names {
		if s.Names[i].Name == name {
			s.Names[i].Value = v
			return
		}
	}
	at := len(s.Names)
	if rank := slices.Index(Names, name); rank >= 0 {
		for at = 0; at < len(s.Names); at++ {
			if r := slices.Index(Names, s.Names[at].Name); r < 0 || r > rank {
				break
			}
		}
	}
	s.Names = slices.Insert(s.Names, at, Name{name, v})
}

// maxNames bounds the names, each of which is looked for among the others.
const maxNames = 1 << 10

// Named returns the text of the token with a name, "" where there is none.
func (s *Side) Named(name string) string {
	for i := range s.Names {
		if s.Names[i].Name == name {
			return s.Names[i].Text
		}
	}
	return ""
}

// readSides reads where texts are filled up and cut.
func (s *Side) readSides(files *Files) error {
	if s.class.left || files.PadLeft {
		s.sides[0] = "left"
	}
	if files.Padded && !files.PadLeft {
		s.sides[0] = "right"
	}
	for i, key := range []string{"padding_side", "truncation_side"} {
		if err := s.Value(key, &s.sides[i]); err != nil {
			return err
		}
		if side := s.sides[i]; s.config.has(key) && side != "left" && side != "right" {
			return fmt.Errorf("%s is neither left nor right", key)
		}
	}
	return nil
}

// Sides returns where texts are filled up and where they are cut: "left", "right", or ""
// where nothing says it, which counts as right.
func (s *Side) Sides() (padding, truncation string) { return s.sides[0], s.sides[1] }

// Class returns the name of the class that the files give, without Tokenizer at the end,
// and the kind of the model.
func (s *Side) Class() (name, kind string) {
	return strings.TrimSuffix(strings.TrimSuffix(s.name, "Fast"), "Tokenizer"), s.kind
}

// Length returns the longest text that the class is made for, where it says so; else 0.
func (s *Side) Length() int { return s.class.length }

// Raw returns the value of a key of the configuration, nil where there is none.
func (s *Side) Raw(key string) json.RawMessage { return s.config.values[key] }

// Value decodes the value of a key of the configuration into v, which stays as it is
// where there is none or null.
func (s *Side) Value(key string, v any) error { return s.config.read(key, v) }

// Field returns the value of a key of an object, nil where there is none.
func Field(data []byte, key string) (json.RawMessage, error) {
	f, err := readFields(data)
	if err != nil {
		return nil, err
	}
	return f.values[key], nil
}

// ofModel returns what config.json says of the tokenizer's class, and the kind of model.
func ofModel(model []byte) (class, kind string, err error) {
	f, err := readFields(model)
	if err == nil {
		err = errors.Join(f.read("tokenizer_class", &class), f.read("model_type", &kind))
	}
	return class, kind, err
}
