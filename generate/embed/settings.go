package embed

import (
	"cmp"
	"maps"
	"strings"
)

// Settings are what the files beside a package say of it: those that
// sentence-transformers writes, and config.json of transformers.
type Settings struct {
	// Pooling is that of 1_Pooling/config.json, empty where there is none.
	Pooling Pooling
	// SkipPrompt leaves the tokens of a prompt out of the pooling.
	SkipPrompt bool
	// Normalize is true where modules.json ends with Normalize.
	Normalize bool
	// MaxTokens is the greatest number of tokens of a text; 0 where no file says it.
	MaxTokens int
	// Prompts are the texts to put before others, by their names, and DefaultPrompt
	// the name of that which is put where no other is asked for.
	Prompts       map[string]string
	DefaultPrompt string
	// Similarity is the name of the measure that the model was trained for, such as
	// "cosine" or "dot"; empty where no file says it.
	Similarity string
	// Dimensions is the size to which vectors are cut where no other is asked for; 0
	// for all.
	Dimensions int
	// LowerCase puts texts in lower case.
	LowerCase bool
	// Labels are the names of a classifier's classes, by their numbers, and
	// Activation what is made of its logits: "identity", "sigmoid" or "softmax", and
	// empty where no file says it.
	Labels     map[int]string
	Activation string

	layers         []layer
	positionOffset int  // of the first token, where config.json tells of one
	padToken       *int // pad_token_id of config.json
	vocabulary     int  // vocab_size of config.json, 0 where that says nothing
	classifies     bool // the architecture is one that classifies texts
}

// clone returns a copy whose maps are its own.
func (s *Settings) clone() Settings {
	c := *s
	c.Prompts, c.Labels = maps.Clone(s.Prompts), maps.Clone(s.Labels)
	return c
}

// prompt returns the text that options put before others.
func (s *Settings) prompt(o *Options) (string, error) {
	if o.Prefix != "" {
		return o.Prefix, nil
	}
	names := []string{o.Prompt}
	switch {
	case o.Prompt != "":
	case o.Role == RoleQuery:
		names = []string{"query"}
	case o.Role == RoleDocument:
		names = []string{"document", "passage", "corpus"}
	}
	for _, name := range names {
		if text, ok := s.Prompts[name]; ok {
			return text, nil
		}
	}
	if o.Prompt != "" {
		return "", configErrorf("Prompt", "is %q, and the model has %s", clip(o.Prompt), s.promptNames())
	}
	return s.Prompts[s.DefaultPrompt], nil
}

// promptNames lists the prompts for an error.
func (s *Settings) promptNames() string {
	if len(s.Prompts) == 0 {
		return "no prompts"
	}
	return "the prompts " + quotedList(sortedKeys(s.Prompts))
}

// label returns the number of the class that is the score.
func (s *Settings) label(name string, classes int) (int, error) {
	if classes == 1 && name == "" {
		return 0, nil
	}
	for i := range classes {
		own, number := s.Labels[i], itoa(i)
		if name != "" && (strings.EqualFold(name, own) || name == number) {
			return i, nil
		}
	}
	list := make([]string, 0, classes)
	for i := range min(classes, mostNamed) {
		list = append(list, cmp.Or(s.Labels[i], itoa(i)))
	}
	if name == "" {
		return 0, configErrorf("Label", "is not set, and the model has %d classes: name the one whose probability is the score: %s", classes, quotedList(list))
	}
	return 0, configErrorf("Label", "is %q, and the classes are %s", clip(name), quotedList(list))
}
